//! What a request says of its body: JSON, in UTF-8, as it is.

use axum::http::{HeaderMap, StatusCode, header};

use crate::answer::Answer;
use crate::path::shown;

/// A browser's form of another site can send everything but this content type.
///
/// # Errors
///
/// The body is said to be something else.
pub(crate) fn demand_json(headers: &HeaderMap) -> Result<(), Answer> {
    let given = headers.get(header::CONTENT_TYPE);
    let given = given.and_then(|given| given.to_str().ok());
    let essence = given.map(|given| given.split(';').next().unwrap_or_default().trim());
    let is_json = essence.is_some_and(|essence| {
        essence.eq_ignore_ascii_case("application/json")
            || essence.to_ascii_lowercase().ends_with("+json")
    });
    if !is_json {
        let found = match essence {
            Some(essence) => format!("the body's Content-Type is {}", shown(essence)),
            None => "the body has no Content-Type".to_owned(),
        };
        return Err(unsupported(format!(
            "{found}; send JSON, and say so: curl -H 'Content-Type: application/json'"
        )));
    }
    match given.and_then(charset) {
        Some(charset) if !is_utf_8(charset) => Err(unsupported(format!(
            "the body's charset is {}; send JSON in UTF-8, which is the only one that JSON has",
            shown(charset)
        ))),
        _ => Ok(()),
    }
}

/// # Errors
///
/// The body is compressed, by what its headers say.
pub(super) fn demand_plain(headers: &HeaderMap) -> Result<(), Answer> {
    for coding in headers.get_all(header::CONTENT_ENCODING) {
        let coding = String::from_utf8_lossy(coding.as_bytes());
        if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") {
            return Err(compressed(&format!(
                "its Content-Encoding is {}",
                shown(&coding)
            )));
        }
    }
    Ok(())
}

/// # Errors
///
/// The body begins as something does that is no JSON, although its headers do not say so.
pub(super) fn demand_text(body: &[u8]) -> Result<(), Answer> {
    if body.starts_with(b"\x1f\x8b") {
        return Err(compressed("it begins as gzip does"));
    }
    if body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff") {
        return Err(unsupported(
            "the body begins with a byte order mark of UTF-16; send JSON in UTF-8".to_owned(),
        ));
    }
    if body.starts_with(b"\xef\xbb\xbf") {
        return Err(Answer::bad_request(
            "the body begins with a byte order mark, which JSON does not allow; leave out its first three bytes",
        ));
    }
    Ok(())
}

fn compressed(how: &str) -> Answer {
    unsupported(format!(
        "the body is compressed ({how}), and compressed bodies are not read here; send the JSON as it is, without \
         Content-Encoding"
    ))
}

fn unsupported(text: String) -> Answer {
    Answer::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
}

fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    })
}

/// ASCII is UTF-8 too.
fn is_utf_8(charset: &str) -> bool {
    ["utf-8", "utf8", "us-ascii", "ascii"]
        .iter()
        .any(|name| charset.eq_ignore_ascii_case(name))
}
