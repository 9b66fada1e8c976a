//! Splits stream items that are too large for one answer.

use serde_json::value::RawValue;

use crate::queue::Json;

/// Returns the item, or several strings of at most about `most` bytes. These are pieces of the item if it is a string,
/// otherwise pieces of its JSON.
///
/// Joined, the pieces give the item again.
pub(super) fn pieces(item: &RawValue, most: usize) -> Vec<Json> {
    if item.get().len() <= most {
        return vec![Json::copied(item)];
    }
    let string: Option<String> = serde_json::from_str(item.get()).ok();
    let mut rest = string.as_deref().unwrap_or(item.get());
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(fitting(rest, most));
        pieces.push(Json::string(piece));
        rest = after;
    }
    pieces
}

/// Returns how much of the text fits into a JSON string of at most `most` bytes, including quotes and escapes. Returns
/// at least one character.
fn fitting(text: &str, most: usize) -> usize {
    let mut size = 2;
    for (at, char) in text.char_indices() {
        size += match char {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            char if (char as u32) < 0x20 => 6,
            char => char.len_utf8(),
        };
        if size > most && at > 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(item: &str, most: usize) -> Vec<String> {
        let item = RawValue::from_string(item.to_owned()).unwrap();
        pieces(&item, most)
            .iter()
            .map(|piece| String::from_utf8(piece.as_bytes().to_vec()).unwrap())
            .collect()
    }

    #[test]
    fn an_item_that_fits_is_left_as_it_is() {
        assert_eq!(split(r#"{"a": [1, 2]}"#, 13), [r#"{"a": [1, 2]}"#]);
    }

    #[test]
    fn a_long_string_becomes_strings_that_fit_cut_between_characters() {
        let parts = split(r#""äöü€\n\"x""#, 6);
        assert!(parts.iter().all(|part| part.len() <= 6), "{parts:?}");
        let joined: String = parts
            .iter()
            .map(|part| serde_json::from_str::<String>(part).unwrap())
            .collect();
        assert_eq!(joined, "äöü€\n\"x");
        assert!(parts.len() > 1);
    }

    #[test]
    fn another_value_becomes_strings_whose_join_is_its_json() {
        let item = r#"{"text": "ä\u0001", "n": [1, 2.50]}"#;
        let parts = split(item, 10);
        assert!(parts.iter().all(|part| part.len() <= 10), "{parts:?}");
        let joined: String = parts
            .iter()
            .map(|part| serde_json::from_str::<String>(part).unwrap())
            .collect();
        assert_eq!(joined, item);
    }

    #[test]
    fn a_limit_smaller_than_a_character_still_ends() {
        assert_eq!(split(r#""ab""#, 1), [r#""a""#, r#""b""#]);
    }
}
