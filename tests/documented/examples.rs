//! Finds the examples in documentation, and the functions that they call.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A block of Rust code.
#[derive(Debug)]
pub(crate) struct Example {
    /// The words after the opening fence.
    words: Vec<String>,
    /// The whole code, including hidden lines.
    pub(crate) whole: String,
    /// The code without hidden lines.
    shown: String,
}

/// Returns all blocks of Rust code in the documentation.
pub(crate) fn examples(docs: &str) -> Vec<Example> {
    let mut all = Vec::new();
    let mut lines = docs.lines();
    while let Some(line) = lines.next() {
        let Some(words) = line.trim_start().strip_prefix("```") else {
            continue;
        };
        let words: Vec<_> = words
            .split([',', ' '])
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let code: Vec<_> = lines
            .by_ref()
            .take_while(|line| !line.trim_start().starts_with("```"))
            .collect();
        if words.iter().all(|word| is_of_rust(word)) {
            let shown: Vec<_> = code.iter().filter(|line| !is_hidden(line)).collect();
            all.push(Example {
                shown: shown
                    .iter()
                    .fold(String::new(), |all, line| all + line + "\n"),
                whole: code.join("\n"),
                words,
            });
        }
    }
    all
}

/// Returns whether rustdoc treats a block with this word as Rust. Any other word means another language.
fn is_of_rust(word: &str) -> bool {
    const WORDS: [&str; 6] = [
        "rust",
        "no_run",
        "ignore",
        "should_panic",
        "compile_fail",
        "standalone_crate",
    ];
    // `edition2024`, `E0277`
    WORDS.contains(&word)
        || ["ignore-", "edition", "E0"]
            .iter()
            .any(|start| word.starts_with(start))
}

fn is_hidden(line: &str) -> bool {
    let line = line.trim_start();
    line == "#" || line.starts_with("# ")
}

impl Example {
    pub(crate) fn is(&self, word: &str) -> bool {
        self.words.iter().any(|it| it.starts_with(word))
    }

    /// Returns whether the example must compile.
    pub(crate) fn works(&self) -> bool {
        !self.is("ignore") && !self.is("compile_fail")
    }

    /// Returns whether the example would start a worker, which is the only valid reason for `no_run`.
    pub(crate) fn starts_a_worker(&self) -> bool {
        self.whole.contains("#[runpod::main") || self.calls("run")
    }

    /// Returns whether the visible code calls a method or function with this name, or refers to it by a path such as
    /// `Type::name`.
    pub(crate) fn calls(&self, name: &str) -> bool {
        let tokens: TokenStream = self
            .shown
            .parse()
            .unwrap_or_else(|error| panic!("{error} in an example:\n{}", self.shown));
        is_called_in(tokens, name)
    }
}

fn is_called_in(tokens: TokenStream, name: &str) -> bool {
    let tokens: Vec<_> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(index, token)| match token {
        TokenTree::Group(group) => is_called_in(group.stream(), name),
        TokenTree::Ident(ident) if *ident == name && index > 0 => {
            let is = |at: usize, punct: char| matches!(tokens.get(at), Some(TokenTree::Punct(it)) if it.as_char() == punct);
            let has_arguments = matches!(
                tokens.get(index + 1),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis
            );
            is(index - 1, ':') || is(index - 1, '.') && (has_arguments || is(index + 1, ':'))
        }
        _ => false,
    })
}

#[test]
fn blocks_of_rust_are_told_from_others_and_hidden_lines_from_shown_ones() {
    let docs = "Words.\n```\nlet a = 1;\n# a.hidden();\n```\n```sh\nls\n```\n```compile_fail,E0277\nb\n```";
    let found = examples(docs);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].shown, "let a = 1;\n");
    assert!(found[0].whole.contains("hidden") && !found[0].calls("hidden"));
    assert!(found[0].works() && !found[1].works());
}

#[test]
fn a_method_is_called_in_code_and_not_in_words_or_as_a_field() {
    let found = examples(
        "```\n// a.in_words()\na.called(); b(Type::named); assert!(c.inside()); d.field;\n```",
    );
    let calls = |name| found[0].calls(name);
    assert!(calls("called") && calls("named") && calls("inside"));
    assert!(!calls("in_words") && !calls("field"));
}
