//! Parses JSON that a person wrote, and shows where it is invalid.

use serde_json::Value;

use super::error::Fault;

/// The number of characters of the invalid line that are shown before and after the error.
const BEFORE: usize = 50;
const AFTER: usize = 20;

/// Parses JSON. The error names the line and the column and contains an excerpt with a caret under the invalid
/// character.
pub(super) fn parse_json(subject: &str, text: &str, expected: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(|error| {
        if text.trim().is_empty() {
            return Fault::new(subject, "the text is empty").expected(expected);
        }
        let place = format!(" at line {} column {}", error.line(), error.column());
        let reason = error.to_string();
        let reason = reason.strip_suffix(&place).unwrap_or(&reason);
        let line = text
            .split('\n')
            .nth(error.line().saturating_sub(1))
            .unwrap_or_default();
        let column = column_in_characters(line, error.column());
        Fault::new(
            subject,
            format!(
                "invalid JSON at line {}, column {column}: {reason}",
                error.line()
            ),
        )
        .expected(expected)
        .excerpt(excerpt(line, column))
    })
}

/// Converts the column from bytes, as `serde_json` counts, to characters.
fn column_in_characters(line: &str, column_in_bytes: usize) -> usize {
    line.char_indices()
        .take_while(|(start, _)| *start < column_in_bytes)
        .count()
        .max(1)
}

/// Returns the part of the line around the column, with a caret below it.
fn excerpt(line: &str, column: usize) -> String {
    let index = column - 1;
    let from = index.saturating_sub(BEFORE);
    let shown = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    let mut text: String = line
        .chars()
        .skip(from)
        .take(index - from + AFTER)
        .map(shown)
        .collect();
    let mut indent = index - from;
    if from > 0 {
        text.insert(0, '…');
        indent += 1;
    }
    if line.chars().nth(index + AFTER).is_some() {
        text.push('…');
    }
    format!("{text}\n{}^", " ".repeat(indent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        parse_json("--test_input", text, "an object")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_caret_stands_under_the_faulty_character() {
        assert_eq!(
            fault(r#"{"input": nule}"#),
            "--test_input: invalid JSON at line 1, column 14: expected ident; expected an object\n      \
             {\"input\": nule}\n      \
             \x20            ^"
        );
        assert_eq!(
            fault("{'input': 1}"),
            "--test_input: invalid JSON at line 1, column 2: key must be a string; expected an object\n      \
             {'input': 1}\n      \
             \x20^"
        );
    }

    #[test]
    fn the_line_is_the_faulty_one_and_the_column_counts_characters() {
        assert_eq!(
            fault("{\n  \"größe\": 1,\n  \"ä\": ?\n}"),
            "--test_input: invalid JSON at line 3, column 8: expected value; expected an object\n      \
             \x20 \"ä\": ?\n      \
             \x20      ^"
        );
    }

    #[test]
    fn an_end_that_comes_too_early_is_shown_at_the_end() {
        assert_eq!(
            fault(r#"{"input": {"#),
            "--test_input: invalid JSON at line 1, column 11: EOF while parsing an object; expected an object\n      \
             {\"input\": {\n      \
             \x20         ^"
        );
        assert_eq!(
            fault(" \n"),
            "--test_input: the text is empty; expected an object"
        );
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides_and_has_no_control_characters() {
        let text = format!(
            "{{\"input\":\t\"{}\", ?{}}}",
            "x".repeat(300),
            "y".repeat(300)
        );
        let fault = fault(&text);
        let lines: Vec<_> = fault.lines().skip(1).map(|line| &line[6..]).collect();
        assert_eq!(
            lines[0],
            format!("…{}\", ?{}…", "x".repeat(47), "y".repeat(19))
        );
        assert_eq!(lines[1], format!("{}^", " ".repeat(51)));
        assert!(!fault.contains('\t'));
    }

    #[test]
    fn good_json_is_a_value() {
        assert_eq!(
            parse_json("x", "{\"a\":1}", "y").unwrap(),
            serde_json::json!({"a":1})
        );
    }
}
