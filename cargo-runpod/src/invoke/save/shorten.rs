//! Shortens the files in a result that is shown on a terminal, where megabytes of base64 would hide everything else.

use serde_json::value::RawValue;

use super::{content, rewrite};

/// Shorter texts are shown as they are.
const LONGEST: usize = 1000;

const SHOWN: usize = 60;

/// Returns the value with the beginning and the size of each long file in place of its text.
pub(in crate::invoke) fn files_in(value: Box<RawValue>) -> Box<RawValue> {
    let mut replace = |place: &rewrite::Place<'_>, text: &str| {
        if text.len() <= LONGEST {
            return None;
        }
        let bytes = content::of(text, place.key())?.bytes.len();
        let start: String = text.chars().take(SHOWN).collect();
        Some(format!(
            "{start}… ({bytes} bytes; save the file with --save DIR)"
        ))
    };
    match rewrite::strings(&value, &mut replace) {
        Some(text) => RawValue::from_string(text).unwrap_or(value),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(json: &str) -> String {
        let value = RawValue::from_string(json.to_owned()).unwrap();
        files_in(value).get().to_owned()
    }

    #[test]
    fn a_long_file_is_its_beginning_and_its_size() {
        let image = format!("data:image/png;base64,{}", "A".repeat(4000));
        let shown = shortened(&format!(r#"{{"seed": 1.50, "image": "{image}"}}"#));
        assert_eq!(
            shown,
            format!(
                r#"{{"seed":1.50,"image":"{}… (3000 bytes; save the file with --save DIR)"}}"#,
                &image[..SHOWN]
            )
        );
    }

    #[test]
    fn short_files_and_long_texts_are_shown_whole() {
        let prose = "It was a bright cold day in April. ".repeat(100);
        for json in [
            format!(r#"{{"text": "{prose}"}}"#),
            r#"["data:text/plain,hello"]"#.to_owned(),
        ] {
            assert_eq!(shortened(&json), json);
        }
    }
}
