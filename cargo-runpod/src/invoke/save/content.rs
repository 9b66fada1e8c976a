//! Recognises files in texts.
//!
//! A data URL is always a file. A base64 text could also be an ordinary word, an id or a hash. It is a file if its
//! content begins like a known format, or if its key says that it is base64.

use data_url::{DataUrl, forgiving_base64};
use infer::MatcherType;

/// A shorter base64 text is not examined, because no media file is that small.
const FEWEST_CHARACTERS: usize = 40;

#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) extension: &'static str,
}

/// Returns the file in a text. `key` is the key of the text in its object.
pub(super) fn of(text: &str, key: Option<&str>) -> Option<Content> {
    if text.get(..5)?.eq_ignore_ascii_case("data:") {
        return of_data_url(text);
    }
    let may_be_base64 = |byte: u8| {
        byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=".contains(&byte)
    };
    if text.len() < FEWEST_CHARACTERS || !text.bytes().all(may_be_base64) {
        return None;
    }
    let is_called_base64 = key.is_some_and(|key| {
        let key = key.to_ascii_lowercase();
        key.contains("base64") || key.contains("b64")
    });
    // Words are separated by spaces, and base64 at most by newlines.
    if !is_called_base64 && text.contains(' ') {
        return None;
    }
    let bytes = forgiving_base64::decode_to_vec(text.as_bytes()).ok()?;
    let extension = match recognised(&bytes) {
        Some((extension, _)) => extension,
        None if is_called_base64 => "bin",
        None => return None,
    };
    Some(Content { bytes, extension })
}

fn of_data_url(text: &str) -> Option<Content> {
    let url = DataUrl::process(text).ok()?;
    let (bytes, _) = url.decode_to_vec().ok()?;
    let mime = url.mime_type();
    let declared = || mime2ext::mime2ext(format!("{}/{}", mime.type_, mime.subtype));
    let extension = match recognised(&bytes) {
        // Workers often declare PNG and send JPEG. Such formats are certain; formats of text are not.
        Some((extension, true)) => extension,
        Some((extension, false)) => declared().unwrap_or(extension),
        None => declared().unwrap_or("bin"),
    };
    Some(Content { bytes, extension })
}

/// Returns the extension for the content, and whether the content is certainly in this format.
fn recognised(bytes: &[u8]) -> Option<(&'static str, bool)> {
    let kind = infer::get(bytes)?;
    let is_certain = matches!(
        kind.matcher_type(),
        MatcherType::Image
            | MatcherType::Audio
            | MatcherType::Video
            | MatcherType::Font
            | MatcherType::Archive
            | MatcherType::Book
    );
    Some((kind.extension(), is_certain))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest PNG: one transparent pixel.
    const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    #[track_caller]
    fn extension(text: &str, key: Option<&str>) -> Option<&'static str> {
        of(text, key).map(|content| content.extension)
    }

    #[test]
    fn the_content_decides_about_media_and_the_type_about_text() {
        for (text, expected) in [
            (format!("data:image/png;base64,{PNG}"), "png"),
            (format!("data:image/jpeg;base64,{PNG}"), "png"),
            (format!("DATA:;base64,{PNG}"), "png"),
            ("data:image/svg+xml,%3Csvg/%3E".to_owned(), "svg"),
            (
                "data:image/svg+xml;utf8,<?xml version=\"1.0\"?><svg/>".to_owned(),
                "svg",
            ),
            ("data:text/csv,a%2Cb".to_owned(), "csv"),
            ("data:,hello".to_owned(), "txt"),
            ("data:application/x-unheard-of,hello".to_owned(), "bin"),
            (
                "data:audio/wav;base64,UklGRiQAAABXQVZFZm10IA==".to_owned(),
                "wav",
            ),
        ] {
            assert_eq!(extension(&text, None), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_base64_text_is_recognised_by_its_content_or_its_key() {
        assert_eq!(extension(PNG, None), Some("png"));
        let lines = PNG.replace("AAAA", "AAAA\n");
        assert_eq!(extension(&lines, Some("image")), Some("png"));
        let unknown = "A".repeat(64);
        assert_eq!(extension(&unknown, Some("b64_json")), Some("bin"));
        assert_eq!(extension(&unknown, Some("weights")), None);
    }

    #[test]
    fn ordinary_texts_are_no_files() {
        let sentence = "data ".repeat(20);
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for text in [
            "",
            "data",
            "data:",
            "data:image/png;base64",
            "datä:",
            "hello",
            &sentence,
            hash,
            "data:image/png;base64,***",
            "2bf1f3c4-1d1a-4a8e-9d3a-0a5a0a5a0a5a0a5a0a5a0a5a0a5a",
        ] {
            assert!(of(text, Some("text")).is_none(), "{text}");
        }
    }
}
