//! Prints expansions: the expansion of the function that `RUNPOD_MACROS_DEBUG` names, or all expansions if the
//! variable is 1.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// The environment variable, read at each expansion of an attribute.
const VARIABLE: &str = "RUNPOD_MACROS_DEBUG";

/// Prints `expansion` to standard error if the variable selects `function`.
pub(crate) fn expansion(attribute: &str, function: &str, expansion: &TokenStream) {
    let Ok(wanted) = std::env::var(VARIABLE) else {
        return;
    };
    if is_wanted(&wanted, function) {
        eprintln!("// {attribute} on `{function}`\n{}\n", tidy(expansion));
    }
}

/// Returns whether the variable's value `wanted` selects `function`.
pub(crate) fn is_wanted(wanted: &str, function: &str) -> bool {
    wanted == "1" || wanted == function
}

/// Formats tokens roughly like hand-written code.
pub(crate) fn tidy(tokens: &TokenStream) -> String {
    let mut page = Page::default();
    page.lines(tokens.clone());
    page.text.trim().to_owned()
}

/// Words after which a parenthesis does not start a call.
const KEYWORDS: [&str; 12] = [
    "use", "as", "let", "in", "move", "return", "pub", "impl", "dyn", "mut", "where", "match",
];

#[derive(Default)]
struct Page {
    text: String,
    indent: usize,
    /// The last part written: a word, an operator or a delimiter.
    last: String,
    /// Whether a closure's list of parameters is open.
    parameters: bool,
}

impl Page {
    /// Writes items and statements, each on its own line.
    fn lines(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut operator = String::new();
        while let Some(token) = tokens.next() {
            let attribute = self.last == "#";
            self.token(&token, &mut operator);
            let next = match tokens.peek() {
                Some(TokenTree::Punct(mark)) => mark.as_char(),
                Some(_) => ' ',
                None => return,
            };
            let ends = match &token {
                TokenTree::Punct(mark) => mark.as_char() == ';',
                TokenTree::Group(group) => match group.delimiter() {
                    Delimiter::Brace => !matches!(next, ';' | '.' | '?' | ','),
                    Delimiter::Bracket => attribute,
                    _ => false,
                },
                _ => false,
            };
            if ends {
                self.line();
            }
        }
    }

    /// Writes the contents of parentheses.
    fn list(&mut self, tokens: TokenStream) {
        let mut operator = String::new();
        for token in tokens {
            self.token(&token, &mut operator);
        }
    }

    fn token(&mut self, token: &TokenTree, operator: &mut String) {
        match token {
            TokenTree::Punct(mark) => {
                operator.push(mark.as_char());
                // In `<_>>::of`, the closing `>` is not part of the operator `::`.
                if mark.spacing() == Spacing::Alone || operator.ends_with(['>', '\'']) {
                    let whole = std::mem::take(operator);
                    self.word(&whole);
                }
            }
            TokenTree::Group(group) => self.group(group),
            TokenTree::Ident(word) => self.word(&word.to_string()),
            TokenTree::Literal(literal) => self.word(&literal.to_string()),
        }
    }

    fn group(&mut self, group: &Group) {
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::None => return self.list(group.stream()),
        };
        let content = group.stream();
        if group.delimiter() != Delimiter::Brace || self.last == "::" || content.is_empty() {
            self.word(open);
            self.list(content);
            close.clone_into(&mut self.last);
            self.text.push_str(close);
        } else if let Some(written) = group.span().source_text().filter(|it| it.starts_with('{')) {
            // The user's own block, including its comments.
            self.word(&written);
            close.clone_into(&mut self.last);
        } else {
            self.word(open);
            self.indent += 1;
            self.line();
            self.lines(content);
            self.indent -= 1;
            self.line();
            self.text.push_str(close);
            close.clone_into(&mut self.last);
        }
    }

    fn line(&mut self) {
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
        self.text.push_str(&"    ".repeat(self.indent));
        self.last.clear();
    }

    fn word(&mut self, word: &str) {
        let opens = word == "|" && !self.parameters;
        if self.space_before(word) {
            self.text.push(' ');
        }
        self.text.push_str(word);
        if word == "|" {
            self.parameters = opens;
        }
        // There is no space after the `|` that opens a closure.
        (if opens { "(" } else { word }).clone_into(&mut self.last);
    }

    fn space_before(&self, word: &str) -> bool {
        let last = self.last.as_str();
        let glued = matches!(
            last,
            "" | "(" | "[" | "::" | "." | "<" | "&" | "#" | "!" | "'" | ".."
        );
        let after_name = last == ">" || is_name(last) && !KEYWORDS.contains(&last);
        match word {
            "," | ";" | "." | "?" | ":" | ">" => false,
            "|" if self.parameters => false,
            "(" | "[" | "<" | "::" | "!" => !glued && !after_name,
            "{" => last != "::" && !last.is_empty(),
            _ => !glued,
        }
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphanumeric() || first == '_')
}
