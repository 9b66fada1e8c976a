//! Reads a job's input into the handler's type; the failure names the path.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::failure::Failure;
use super::unit_input::Input;

/// The type of the error that a client is told of.
pub(super) const ERROR_TYPE: &str = "InputError";

/// The longest message about an input, in characters: serde repeats the offending value, which may be a whole image.
const LONGEST_MESSAGE: usize = 400;

/// Reads `input` as a `T`. `route` is the key of the input that names the handler, if there is such a key.
pub(super) fn read<T: DeserializeOwned>(
    input: &RawValue,
    route: Option<&str>,
) -> Result<T, Failure> {
    let mut json = serde_json::Deserializer::from_str(input.get());
    let input = Input {
        json: &mut json,
        route,
        is_null: input.get() == "null",
    };
    serde_path_to_error::deserialize(input).map_err(|error| {
        let place = place(&error.path().to_string());
        let message = shorten(&without_position(&error.into_inner()));
        Failure {
            without_data: Some(without_data(&place, &message)),
            ..Failure::new(ERROR_TYPE, format!("{place}: {message}"))
        }
    })
}

/// serde says what it found first, a piece of the input, and what it expected last.
fn without_data(place: &str, message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{place}: expected {expected}"),
        None if message.starts_with("missing field ") => format!("{place}: {message}"),
        None => format!("{place}: not what the handler takes"),
    }
}

/// Where in the input something is, from the path that serde's or garde's crate writes.
pub(super) fn place(path: &str) -> String {
    match path.trim_start_matches('.') {
        "" => "input".to_owned(),
        path if path.starts_with('[') => format!("input{path}"),
        path => format!("input.{path}"),
    }
}

/// `serde_json` ends its messages with a line and a column of text that nobody has seen in this form.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    message
        .strip_suffix(&position)
        .unwrap_or(&message)
        .to_owned()
}

/// The message, without its middle where it is too long.
pub(super) fn shorten(message: &str) -> String {
    let length = message.chars().count();
    if length <= LONGEST_MESSAGE {
        return message.to_owned();
    }
    // Both ends matter: what was found stands first, what was expected last.
    let half = LONGEST_MESSAGE / 2;
    let head: String = message.chars().take(half).collect();
    let tail: String = message.chars().skip(length - half).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
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
        let logged = |json: &str| {
            let raw = RawValue::from_string(json.to_owned()).unwrap();
            read::<Image>(&raw, None).unwrap_err().without_data.unwrap()
        };
        assert_eq!(
            logged(r#"{"size":{"width":"my secret, expected by nobody"}}"#),
            "input.size.width: expected u32"
        );
        assert_eq!(logged("{}"), "input: missing field `size`");
        assert_eq!(logged("7"), "input: expected struct Image");
    }

    #[test]
    fn a_huge_value_is_not_repeated_in_the_message() {
        let message = message::<Image>(&format!(r#"{{"size":"{}"}}"#, "é".repeat(100_000)));
        assert!(message.chars().count() < 500, "{}", message.len());
        assert!(message.ends_with("expected struct Size"), "{message}");
    }
}
