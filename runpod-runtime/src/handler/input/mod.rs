//! Deserialises a job's input into the handler's type. A failure names the path of the invalid value.

mod empty_input;
mod field_names;
mod route;

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};

use self::empty_input::InputDeserializer;
pub(super) use self::route::value_of as value_of_route;
use crate::handler::failure::Failure;
use crate::text::both_ends_of;

/// The `error_type` of a job whose input does not match its type or fails validation.
pub(super) const ERROR_TYPE: &str = "InputError";

/// The maximum length of a message about an input, in characters. serde repeats the invalid value, which may be a
/// whole image.
const LONGEST_MESSAGE: usize = 400;

/// The maximum lengths of a place in the input and of one key in it, in characters. A key may be as long as the
/// input.
const LONGEST_PLACE: usize = 400;
const LONGEST_KEY: usize = 60;

/// The beginnings of serde's own messages, which end with the value that the program expects. Other messages may
/// contain anything.
const OF_SERDE: [&str; 5] = [
    "invalid type: ",
    "invalid value: ",
    "invalid length ",
    "unknown variant `",
    "unknown field `",
];

/// The endings of serde's messages for a type that has no variants or fields.
const NOTHING_EXPECTED: [&str; 2] = ["there are no variants", "there are no fields"];

/// Deserialises `input` as a `T`. `route` is the key of the input that names the handler, if the worker has a route.
pub(super) fn read<T: DeserializeOwned>(
    input: &RawValue,
    route: Option<&str>,
) -> Result<T, Failure> {
    let is_null = input.get() == "null";
    let mut json = serde_json::Deserializer::from_str(input.get());
    let reader = InputDeserializer {
        json: &mut json,
        route,
        is_null,
    };
    if let Ok(value) = T::deserialize(reader) {
        return Ok(value);
    }
    // Deserialise once more to find the path. Tracking it on every read would take longer than the read itself.
    let mut json = serde_json::Deserializer::from_str(input.get());
    let reader = InputDeserializer {
        json: &mut json,
        route,
        is_null,
    };
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let names = field_names::of::<T>(input);
        let path = error.path();
        let (place, logged) = (
            place(path, |_| true),
            place(path, |key| names.contains(key)),
        );
        let error = error.inner();
        let message = without_position(error);
        let to_log = shorten(without_data(error, &message));
        Failure {
            without_data: Some(format!("{logged}: {to_log}")),
            ..Failure::new(ERROR_TYPE, format!("{place}: {}", shorten(&message)))
        }
    })
}

/// Returns the part of a message that contains no client data. serde's messages start with the value that was found
/// and end with the expectation. `message` must be complete: in a truncated message, the last `, expected ` may come
/// from the client.
fn without_data<'m>(error: &serde_json::Error, message: &'m str) -> &'m str {
    let is_of_serde = OF_SERDE.iter().any(|start| message.starts_with(start));
    if is_of_serde && let Some(nothing) = NOTHING_EXPECTED.iter().find(|it| message.ends_with(**it))
    {
        return nothing;
    }
    match message.rfind(", expected ") {
        Some(expected) if is_of_serde => &message[expected + 2..],
        // The message names a field of the program's type or a rule of JSON.
        _ if message.starts_with("missing field `")
            || message.starts_with("duplicate field `")
            || error.is_syntax() =>
        {
            message
        }
        _ => "does not match the handler's input type",
    }
}

/// Formats a place in the input. A key that must not be shown becomes `*`.
fn place(path: &Path, is_shown: impl Fn(&str) -> bool) -> String {
    let mut place = "input".to_owned();
    for segment in path {
        let key: &str = match segment {
            Segment::Seq { index } => {
                let _ = write!(place, "[{index}]");
                continue;
            }
            Segment::Map { key } => key,
            Segment::Enum { variant } => variant,
            Segment::Unknown => "?",
        };
        place.push('.');
        if is_shown(key) {
            place.push_str(&both_ends_of(key, LONGEST_KEY));
        } else {
            place.push('*');
        }
    }
    both_ends_of(&place, LONGEST_PLACE)
}

/// Formats a path from garde as a place in the input.
#[cfg(feature = "validate")]
pub(super) fn place_of_text(path: &str) -> String {
    match path.trim_start_matches('.') {
        "" => "input".to_owned(),
        path if path.starts_with('[') => format!("input{path}"),
        path => format!("input.{path}"),
    }
}

/// Removes the line and column that `serde_json` appends, because they refer to a text that nobody has seen in this
/// form.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    message
        .strip_suffix(&position)
        .unwrap_or(&message)
        .to_owned()
}

/// Shortens a message that contains a part of the input. Removes the middle if the message is too long, and escapes
/// line breaks and control characters that a terminal would obey.
pub(super) fn shorten(message: &str) -> String {
    both_ends_of(message, LONGEST_MESSAGE)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Size {
        #[expect(dead_code, reason = "only its absence matters")]
        width: u32,
    }
    #[derive(Debug, serde::Deserialize)]
    struct Image {
        #[expect(dead_code, reason = "only its absence matters")]
        size: Size,
    }

    fn message<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        read::<T>(&raw, None).unwrap_err().message
    }

    #[test]
    fn the_message_names_the_path_and_what_was_expected() {
        assert_eq!(
            message::<Image>(r#"{"size":{"width":"wide"}}"#),
            r#"input.size.width: invalid type: string "wide", expected u32"#
        );
        assert_eq!(
            message::<Image>(r#"{"size":{}}"#),
            "input.size: missing field `width`"
        );
        assert_eq!(message::<Image>("{}"), "input: missing field `size`");
        assert_eq!(
            message::<Vec<u8>>("[1,-2]"),
            "input[1]: invalid value: integer `-2`, expected u8"
        );
    }

    #[test]
    fn what_may_be_logged_repeats_nothing_of_the_input() {
        let logged = logged::<Image>;
        assert_eq!(
            logged(r#"{"size":{"width":"my secret, expected by nobody"}}"#),
            "input.size.width: expected u32"
        );
        assert_eq!(logged("{}"), "input: missing field `size`");
        assert_eq!(logged("7"), "input: expected struct Image");
    }

    fn logged<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        read::<T>(&raw, None).unwrap_err().without_data.unwrap()
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only the names matter")]
    enum Shape {
        Circle { radius: u32 },
        Named(HashMap<String, Size>),
        Several(Vec<Shape>),
        Pair(Option<u8>, Option<Size>),
    }

    #[test]
    fn the_log_has_the_names_of_the_program_and_not_the_keys_of_the_client() {
        for (json, shown, log) in [
            (
                r#"{"circle":{"radius":"x"}}"#,
                "input.circle.radius",
                "input.circle.radius",
            ),
            (
                r#"{"several":[{"named":{"ada@h.io":{"width":"x"}}}]}"#,
                "input.several[0].named.ada@h.io.width",
                "input.several[0].named.*.width",
            ),
            (
                r#"{"pair":[1,{"width":"x"}]}"#,
                "input.pair[1].width",
                "input.pair[1].width",
            ),
        ] {
            let expected = |place| format!("{place}: invalid type: string \"x\", expected u32");
            assert_eq!(message::<Shape>(json), expected(shown));
            assert_eq!(logged::<Shape>(json), format!("{log}: expected u32"));
        }
        assert_eq!(
            logged::<HashMap<String, u8>>(r#"{"my secret":"x"}"#),
            "input.*: expected u8"
        );
        assert_eq!(
            message::<HashMap<String, u8>>(r#"{"my secret":"x"}"#),
            r#"input.my secret: invalid type: string "x", expected u8"#
        );
    }

    #[test]
    fn a_message_that_is_not_serdes_is_not_logged_whatever_is_in_it() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(try_from = "String")]
        struct Never;
        impl TryFrom<String> for Never {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                Err(text)
            }
        }
        let json = r#""my secret, expected by nobody""#;
        assert_eq!(
            logged::<Never>(json),
            "input: does not match the handler's input type"
        );
        assert_eq!(
            logged::<Vec<u8>>("[1e999]"),
            "input[0]: number out of range"
        );
        assert_eq!(
            logged::<String>(r#""\ud800""#),
            "input: unexpected end of hex escape"
        );
        assert_eq!(
            logged::<Shape>(r#"{"my secret":1}"#),
            "input: expected one of `circle`, `named`, `several`, `pair`"
        );
        assert_eq!(
            logged::<Size>(r#"{"width":1,"width":2}"#),
            "input: duplicate field `width`"
        );
    }

    #[derive(Debug, serde::Deserialize)]
    enum Many {
        #[serde(
            rename = "a name of a variant that is so long that a few of them fill a whole message about an input, one"
        )]
        One,
        #[serde(
            rename = "a name of a variant that is so long that a few of them fill a whole message about an input, two"
        )]
        Two,
        #[serde(
            rename = "a name of a variant that is so long that a few of them fill a whole message about an input, three"
        )]
        Three,
    }

    #[test]
    fn a_value_that_reads_like_serdes_message_is_not_logged() {
        let value = format!("x, expected SECRET{}", "y".repeat(300));
        let shown = logged::<Many>(&format!("{value:?}"));
        assert!(
            shown.starts_with("input: expected one of `a name"),
            "{shown}"
        );
        assert_eq!(
            logged::<Word>(r#""x, expected SECRET""#),
            "input: there are no variants"
        );
    }

    #[derive(Debug, serde::Deserialize)]
    enum Word {}

    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only the depth matters")]
    struct Deep(HashMap<String, Deep>);

    #[test]
    fn a_huge_key_is_cut_and_every_key_is_on_one_line() {
        type Map = HashMap<String, HashMap<String, u8>>;
        let huge = "k".repeat(2 << 20);
        let shown = message::<Map>(&format!(r#"{{"{huge}":{{"{huge}":"x"}}}}"#));
        assert!(shown.len() < 300, "{}", shown.len());
        assert!(shown.starts_with("input.kkk") && shown.ends_with("expected u8"));

        let shown = message::<Map>(r#"{"a\n\u001b[31m\u202eERROR":{"b\u0000":"x\ny"}}"#);
        assert_eq!(
            shown,
            r#"input.a\n\u{1b}[31m\u{202e}ERROR.b\u{0}: invalid type: string "x\ny", expected u8"#
        );
        let shown = message::<Word>(r#""a\nERROR""#);
        assert!(!shown.contains('\n'), "{shown}");

        let deep = format!("{}1{}", r#"{"k":"#.repeat(100), "}".repeat(100));
        let shown = message::<Deep>(&deep);
        assert!(shown.len() < 500, "{shown}");
        assert!(logged::<Deep>(&deep).starts_with("input.*.*"), "{shown}");
    }

    #[test]
    fn a_huge_value_is_not_repeated_in_the_message() {
        let message = message::<Image>(&format!(r#"{{"size":"{}"}}"#, "é".repeat(100_000)));
        assert!(message.chars().count() < 500, "{}", message.len());
        assert!(message.ends_with("expected struct Size"), "{message}");
    }
}
