//! Reads media from a text: base64, a data URL, or the URL of a file.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_url::{DataUrl, forgiving_base64};

use super::format;

/// The content of a text, or where it is.
#[derive(Debug)]
pub(super) enum Content<'t> {
    Inline {
        bytes: Vec<u8>,
        /// The media type of a data URL that has one.
        declared: Option<Cow<'static, str>>,
    },
    Url(&'t str),
}

/// Reads a text.
///
/// # Errors
///
/// Returns what the text is instead, for a message.
pub(super) fn read(text: &str) -> Result<Content<'_>, String> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err("an empty text".to_owned());
    }
    if text
        .get(..5)
        .is_some_and(|it| it.eq_ignore_ascii_case("data:"))
    {
        return of_data_url(text);
    }
    match scheme(text) {
        Some(scheme)
            if ["http", "https"]
                .iter()
                .any(|it| scheme.eq_ignore_ascii_case(it)) =>
        {
            return Ok(Content::Url(text));
        }
        Some(scheme) => return Err(format!("a URL with the scheme `{scheme}`")),
        None => {}
    }
    let bytes = decode(text, |text| {
        forgiving_base64::decode_to_vec(text.as_bytes()).ok()
    })?;
    Ok(Content::Inline {
        bytes,
        declared: None,
    })
}

fn of_data_url(text: &str) -> Result<Content<'static>, String> {
    let incomplete = || "a data URL without a comma, so without content".to_owned();
    let (head, body) = text.split_once(',').ok_or_else(incomplete)?;
    let url = DataUrl::process(text).map_err(|_| incomplete())?;
    // Without a media type, the data URL's own rules say `text/plain`, which tells nothing.
    let has_type = !head[5..].trim_start().starts_with(';') && head.len() > 5;
    let declared = has_type.then(|| format::declared(&url.mime_type().to_string()));
    let slow = |_: &str| url.decode_to_vec().ok().map(|(bytes, _)| bytes);
    let bytes = if head.to_ascii_lowercase().trim_end().ends_with(";base64") {
        decode(body, slow)?
    } else {
        slow(body).ok_or_else(|| fault_in(body))?
    };
    Ok(Content::Inline {
        bytes,
        declared: declared.flatten(),
    })
}

/// Decodes base64. `forgiving` also accepts line breaks and missing padding, but is slower.
fn decode(
    base64: &str,
    forgiving: impl FnOnce(&str) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, String> {
    if let Ok(bytes) = STANDARD.decode(base64) {
        return Ok(bytes);
    }
    forgiving(base64).ok_or_else(|| fault_in(base64))
}

/// Returns what is wrong with a text that is no base64.
fn fault_in(text: &str) -> String {
    let is_symbol = |it: char| it.is_ascii_alphanumeric() || it == '+' || it == '/';
    let foreign = |it: char| !is_symbol(it) && it != '=' && !it.is_ascii_whitespace();
    if let Some((at, character)) = text.char_indices().find(|(_, it)| foreign(*it)) {
        let shown = character.escape_debug();
        return format!("base64 with the character `{shown}` at byte {at}");
    }
    let symbols = text.chars().filter(|it| is_symbol(*it)).count();
    let after_padding = text
        .split_once('=')
        .is_some_and(|(_, rest)| rest.contains(is_symbol));
    if after_padding {
        "base64 with data after its padding (`=`)".to_owned()
    } else if symbols % 4 == 1 {
        format!("base64 of {symbols} characters, which is not a possible length, so it was cut off")
    } else {
        "base64 with wrong padding (`=`)".to_owned()
    }
}

/// Returns the scheme of a URL. Base64 has no colon.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte);
    (!scheme.is_empty() && scheme.len() <= 20 && scheme.bytes().all(is_part)).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline(text: &str) -> (Vec<u8>, Option<String>) {
        match read(text).unwrap() {
            Content::Inline { bytes, declared } => (bytes, declared.map(Cow::into_owned)),
            Content::Url(url) => panic!("{url}"),
        }
    }

    #[test]
    fn base64_and_data_urls_are_decoded() {
        for (text, content, declared) in [
            ("aGVsbG8=", "hello", None),
            ("aGVsbG8", "hello", None),
            (" aGVs\r\nbG8=\n", "hello", None),
            ("data:image/png;base64,aGVsbG8=", "hello", Some("image/png")),
            (
                "DATA:Image/JPG;BASE64,aGVs\nbG8",
                "hello",
                Some("image/jpeg"),
            ),
            (
                "data:text/plain;charset=utf-8,he%6Clo",
                "hello",
                Some("text/plain"),
            ),
            ("data:;base64,aGVsbG8=", "hello", None),
            ("data:,hello", "hello", None),
        ] {
            let (bytes, found) = inline(text);
            assert_eq!(bytes, content.as_bytes(), "{text}");
            assert_eq!(found.as_deref(), declared, "{text}");
        }
    }

    #[test]
    fn a_url_is_left_to_the_download() {
        for url in ["https://example.com/a.png", "HTTP://example.com/a?b=data:"] {
            assert!(matches!(read(url), Ok(Content::Url(it)) if it == url));
        }
    }

    #[test]
    fn a_fault_says_what_the_text_is() {
        for (text, expected) in [
            ("", "an empty text"),
            ("data:image/png;base64", "without a comma"),
            ("data:image/png;base64,aGV*", "the character `*` at byte 3"),
            ("data:image/png; base64,aGV*", "the character `*` at byte 3"),
            ("cat.png", "the character `.` at byte 3"),
            ("aGVs\u{202e}bG8=", r"the character `\u{202e}` at byte 4"),
            ("aGVsb", "base64 of 5 characters"),
            ("aGVsbG8==", "wrong padding"),
            ("aGVsbG8=aGVs", "data after its padding"),
            ("s3://bucket/a.png", "the scheme `s3`"),
            ("file:///etc/passwd", "the scheme `file`"),
        ] {
            let fault = read(text).unwrap_err();
            assert!(fault.contains(expected), "{text}: {fault}");
        }
    }
}
