//! Reports where a text is not valid JSON, with a caret at the place.

use std::fmt::Write as _;

use super::safe_text;

/// The number of characters shown on either side of the place.
const AROUND: usize = 40;

pub(super) fn told(
    name: &str,
    text: &str,
    error: &serde_json::Error,
    hint: Option<&str>,
) -> String {
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    let (line, column) = place(text, error);
    let mut told = format!("{name} is not JSON: {what}, at line {line}, column {column}\n");
    let shown = text.lines().nth(line - 1).unwrap_or_default();
    let (excerpt, caret) = excerpt(shown, column);
    let _ = write!(told, "\n  {excerpt}\n  {:caret$}^", "");
    if let Some(hint) = hint {
        let _ = write!(told, "\n\n{hint}");
    }
    told
}

/// Returns line and column in characters, both from 1. For a text that ends too early, this is the place after its end.
fn place(text: &str, error: &serde_json::Error) -> (usize, usize) {
    if error.is_eof() {
        let text = text.trim_end();
        let line = text.lines().count().max(1);
        let last = text.lines().next_back().unwrap_or_default();
        return (line, last.chars().count() + 1);
    }
    let line = error.line().max(1);
    let shown = text.lines().nth(line - 1).unwrap_or_default();
    // The parser's column counts bytes, including the wrong one.
    let before = shown.as_bytes().get(..error.column().saturating_sub(1));
    let before = String::from_utf8_lossy(before.unwrap_or(shown.as_bytes()));
    let whole = before.trim_end_matches('\u{fffd}');
    (line, whole.chars().count() + 1)
}

/// Returns the part of a line around a column, and the caret's offset in it.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    let characters: Vec<char> = line.chars().collect();
    let at = (column - 1).min(characters.len());
    let from = at.saturating_sub(AROUND);
    let to = (at + AROUND).min(characters.len());
    // Each character takes one column, so the caret is at the right place.
    let flat = |part: &[char]| -> String {
        part.iter()
            .map(|&character| match character {
                '\t' => ' ',
                other if safe_text::is_unsafe(other) => '\u{fffd}',
                other => other,
            })
            .collect()
    };
    let ahead = if from > 0 { "… " } else { "" };
    let behind = if to < characters.len() { " …" } else { "" };
    let excerpt = format!("{ahead}{}{behind}", flat(&characters[from..to]));
    (excerpt, ahead.chars().count() + at - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let error = serde_json::from_str::<&serde_json::value::RawValue>(text).unwrap_err();
        told("the input", text, &error, None)
    }

    #[test]
    fn the_caret_stands_under_what_is_wrong() {
        assert_eq!(
            of(r#"{"name" "Ada"}"#),
            "the input is not JSON: expected `:`, at line 1, column 9\n\n  {\"name\" \"Ada\"}\n          ^"
        );
    }

    #[test]
    fn columns_are_characters() {
        assert_eq!(
            of(r#"{"größe": }"#),
            "the input is not JSON: expected value, at line 1, column 11\n\n  {\"größe\": }\n            ^"
        );
    }

    #[test]
    fn json_that_ends_too_early_is_wrong_at_its_end() {
        assert_eq!(
            of("{\n  \"name\": \"Ada\"\n\n"),
            "the input is not JSON: EOF while parsing an object, at line 2, column 16\n\n    \"name\": \"Ada\"\n                 ^"
        );
    }

    #[test]
    fn of_a_long_line_the_place_is_shown() {
        let text = format!("[{} x]", "1,".repeat(300));
        let told = of(&text);
        let lines: Vec<_> = told.lines().collect();
        assert!(lines[2].starts_with("  … ,1,1,"), "{told}");
        let caret = lines[3].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[2].chars().nth(caret), Some('x'), "{told}");
    }

    #[test]
    fn an_empty_text_is_wrong_at_its_start() {
        assert!(
            of("").ends_with("line 1, column 1\n\n  \n  ^"),
            "{}",
            of("")
        );
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert!(!of("{\"a\": \u{1b}[31m}").contains('\u{1b}'));
    }
}
