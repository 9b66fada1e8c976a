//! Splits Rust source into identifiers, punctuation and strings, each with its line. Strings are included because
//! `#[path = "…"]` needs them. Comments, character literals and lifetimes are left out.

/// One token. The text of a string starts with `"`, so it never equals an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    pub(super) fn is_identifier(&self) -> bool {
        self.text
            .starts_with(|it: char| it.is_alphabetic() || it == '_')
    }
}

/// The operators that are one token. Any other punctuation character is a token by itself.
const LONG: [&str; 4] = ["..=", "..", "::", "->"];

pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader {
        rest: source,
        line: 1,
    };
    let mut tokens = Vec::new();
    while !reader.rest.is_empty() {
        let line = reader.line;
        if let Some(text) = reader.next() {
            tokens.push(Token { text, line });
        }
    }
    tokens
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    /// Advances by at least one character. Returns `None` if it skipped something that is not a token.
    fn next(&mut self) -> Option<String> {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
            return None;
        }
        if rest.starts_with("/*") {
            self.skip(comment(rest));
            return None;
        }
        if let Some((length, text)) = string(rest) {
            let text = format!("\"{text}");
            self.skip(length);
            return Some(text);
        }
        if let Some(length) = character_or_lifetime(rest) {
            self.skip(length);
            return None;
        }
        let word = rest
            .find(|it: char| !(it.is_alphanumeric() || it == '_'))
            .unwrap_or(rest.len());
        if word > 0 {
            let text = rest[..word].to_owned();
            self.skip(word);
            // `r#type` is the identifier `type`.
            let is_raw = text == "r" && self.rest.starts_with('#');
            if is_raw {
                self.skip(1);
                return None;
            }
            return Some(text);
        }
        let length = LONG
            .iter()
            .find(|it| rest.starts_with(**it))
            .map_or_else(|| first(rest), |it| it.len());
        let text = rest[..length].to_owned();
        self.skip(length);
        (!text.trim().is_empty()).then_some(text)
    }

    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
    }
}

/// Returns the length of the first character, in bytes.
fn first(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// Returns the length of a block comment in bytes, including nested comments.
fn comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += first(here);
        }
    }
    rest.len()
}

/// Returns the length of a string literal of any kind in bytes, and its text with escapes unchanged.
fn string(rest: &str) -> Option<(usize, &str)> {
    let prefix = ["br", "cr", "b", "c", "r", ""]
        .into_iter()
        .find(|it| rest.starts_with(it))?;
    let after = &rest[prefix.len()..];
    if prefix.ends_with('r') {
        let hashes = after.len() - after.trim_start_matches('#').len();
        let text = after[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = text.find(&end).unwrap_or(text.len());
        let start = prefix.len() + hashes + 1;
        return Some((
            (start + length + end.len()).min(rest.len()),
            &text[..length],
        ));
    }
    let text = after.strip_prefix('"')?;
    let mut escaped = false;
    let length = text.find(|it: char| {
        let ends = it == '"' && !escaped;
        escaped = it == '\\' && !escaped;
        ends
    });
    let length = length.unwrap_or(text.len());
    Some(((prefix.len() + length + 2).min(rest.len()), &text[..length]))
}

/// Returns the length of `'x'`, `'\n'`, `b'x'` or `'lifetime`, in bytes.
fn character_or_lifetime(rest: &str) -> Option<usize> {
    let prefix = usize::from(rest.starts_with("b'"));
    let text = rest[prefix..].strip_prefix('\'')?;
    let start = prefix + 1;
    if let Some(escape) = text.strip_prefix('\\') {
        let character = first(escape);
        let end = escape[character..].find('\'')?;
        return Some(start + 1 + character + end + 1);
    }
    let character = first(text);
    if text[character..].starts_with('\'') {
        return Some(start + character + 1);
    }
    let name = text.find(|it: char| !(it.is_alphanumeric() || it == '_'));
    Some(start + name.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::tokens;

    fn texts(source: &str) -> Vec<String> {
        tokens(source).into_iter().map(|it| it.text).collect()
    }

    #[test]
    fn comments_strings_and_lifetimes_are_no_identifiers() {
        for source in [
            "// crate::a\n",
            "/* crate::a /* nested */ crate::b */",
            "'a' '\\'' b'\\\\' 'lifetime '\\u{1f600}'",
        ] {
            assert_eq!(texts(source), [""; 0], "{source}");
        }
        assert_eq!(
            texts(r##"a "b \" c" r#"d " e"# b"f" g"##),
            ["a", "\"b \\\" c", "\"d \" e", "\"f", "g"]
        );
    }

    #[test]
    fn paths_and_ranges_are_told_apart() {
        assert_eq!(
            texts("a::b(..c) ..= r#type"),
            ["a", "::", "b", "(", "..", "c", ")", "..=", "type"]
        );
    }

    #[test]
    fn a_token_knows_its_line() {
        let found = tokens("a\n/* \n */ \"\n\" b\n c");
        let lines: Vec<_> = found.iter().map(|it| it.line).collect();
        assert_eq!(lines, [1, 3, 4, 5]);
    }
}
