//! Formats JSON without changing its numbers or the order of its keys.
//!
//! Parsing into values would lose digits and the order. These functions therefore rearrange the text itself, which is
//! simple once the text is known to be valid JSON.

use std::fmt::Write as _;

use serde_json::value::RawValue;

use super::safe_text;

/// Returns the JSON on one line, without spaces.
pub(super) fn compact(json: &RawValue) -> String {
    let mut text = String::with_capacity(json.get().len());
    for token in tokens(json.get()) {
        text.push_str(token);
    }
    text
}

/// Returns the JSON indented by two spaces.
pub(super) fn pretty(json: &RawValue) -> String {
    let mut text = String::with_capacity(json.get().len() * 2);
    let mut depth = 0;
    let mut tokens = tokens(json.get()).peekable();
    while let Some(token) = tokens.next() {
        match token {
            "{" | "[" => {
                text.push_str(token);
                if let Some(end) = tokens.next_if(|next| matches!(*next, "}" | "]")) {
                    text.push_str(end);
                } else {
                    depth += 1;
                    new_line(&mut text, depth);
                }
            }
            "}" | "]" => {
                depth -= 1;
                new_line(&mut text, depth);
                text.push_str(token);
            }
            "," => {
                text.push(',');
                new_line(&mut text, depth);
            }
            ":" => text.push_str(": "),
            other => text.push_str(other),
        }
    }
    text
}

/// Returns the same JSON for a terminal. Characters that control a terminal can only occur in strings, and are escaped
/// there.
pub(super) fn for_terminal(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if safe_text::is_unsafe(character) && character != '\n' {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to memory cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(character);
        }
    }
    text
}

/// Returns the text of a JSON string, or `None` for any other JSON.
pub(super) fn as_text(json: &RawValue) -> Option<String> {
    serde_json::from_str(json.get()).ok()
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    for _ in 0..depth {
        text.push_str("  ");
    }
}

/// Returns the tokens: brackets, commas, colons and the values between them.
fn tokens(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = *rest.as_bytes().first()?;
        let length = match first {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
            b'"' => text_length(rest),
            _ => rest
                .find(|c: char| c.is_ascii_whitespace() || ",:{}[]\"".contains(c))
                .unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(token)
    })
}

/// Returns the length of the string at the start, with both quotes.
fn text_length(json: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str =
        r#" { "b" : [ 1.50 , 1e400 , { } , [ ] ], "a" : "q\" : [\\" , "n" : null } "#;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json.trim()).unwrap()
    }

    #[test]
    fn compact_keeps_order_digits_and_what_stands_in_texts() {
        let expected = r#"{"b":[1.50,1e400,{},[]],"a":"q\" : [\\","n":null}"#;
        assert_eq!(compact(raw(JSON)), expected);
    }

    #[test]
    fn pretty_is_indented_by_two() {
        let expected = "{\n  \"b\": [\n    1.50,\n    1e400,\n    {},\n    []\n  ],\n  \"a\": \"q\\\" : [\\\\\",\n  \"n\": null\n}";
        assert_eq!(pretty(raw(JSON)), expected);
        assert_eq!(pretty(raw("7")), "7");
    }

    #[test]
    fn laid_out_anew_it_is_the_same_json() {
        let json = r#"{"a": [{"b": "ü\u0000 , :"}, true, -0.0e-7], "": {"x": []}}"#;
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        for text in [compact(raw(json)), pretty(raw(json))] {
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&text).unwrap(),
                value
            );
        }
    }

    #[test]
    fn what_a_terminal_acts_upon_is_escaped_as_json_does() {
        assert_eq!(
            for_terminal("\"a\u{9b}\u{7f}\u{202e}ü\""),
            "\"a\\u009b\\u007f\\u202eü\""
        );
    }
}
