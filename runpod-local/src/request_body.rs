//! Reads request bodies: complete, uncompressed JSON in UTF-8, within a limit, from a client that keeps sending.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use crate::response::ErrorResponse;
use crate::text::bytes;
use crate::text::quoted;

/// How long a client may pause in the middle of a body.
const SILENCE: Duration = Duration::from_secs(30);

/// Reads a whole body of at most `limit` bytes.
///
/// The body must be uncompressed, and must not begin like gzip, with UTF-16 or with a byte order mark. If the body
/// turns out to be too large, the rest is not read, and the connection closes after the answer.
pub(crate) async fn read_body(
    request: Request<Body>,
    limit: usize,
) -> Result<Bytes, ErrorResponse> {
    demand_plain(request.headers())?;
    let whole = read_bytes(request.into_body(), limit).await?;
    demand_text(&whole)?;
    Ok(whole)
}

async fn read_bytes(mut body: Body, limit: usize) -> Result<Bytes, ErrorResponse> {
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    let mut whole = Bytes::new();
    // A small body arrives in one piece, which need not be copied.
    let mut pieces = BytesMut::new();
    loop {
        let frame = match timeout(SILENCE, body.frame()).await {
            Err(_) => return Err(too_slow(whole.len() + pieces.len())),
            Ok(None) => break,
            Ok(Some(Err(error))) => {
                return Err(ErrorResponse::bad_request(format!(
                    "the body cannot be read: {error}"
                )));
            }
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers are ignored.
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        if whole.len() + pieces.len() + piece.len() > limit {
            return Err(too_large(limit));
        }
        if whole.is_empty() && pieces.is_empty() {
            whole = piece;
            continue;
        }
        if pieces.is_empty() {
            let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0);
            pieces.reserve(whole.len() + piece.len() + expected);
            pieces.extend_from_slice(&std::mem::take(&mut whole));
        }
        pieces.extend_from_slice(&piece);
    }
    if pieces.is_empty() {
        Ok(whole)
    } else {
        Ok(pieces.freeze())
    }
}

fn too_large(limit: usize) -> ErrorResponse {
    ErrorResponse::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!(
            "the body is larger than this endpoint's limit of {}; upload large data to a store and send its URL",
            bytes(limit)
        ),
    )
}

fn too_slow(read: usize) -> ErrorResponse {
    ErrorResponse::new(
        StatusCode::REQUEST_TIMEOUT,
        format!(
            "the body is incomplete: {read} bytes arrived, then nothing for {} seconds; send the whole body, with the \
             length given in Content-Length",
            SILENCE.as_secs()
        ),
    )
}

/// Checks that the body is declared as JSON in UTF-8. A browser's form on another site cannot send this content type.
///
/// # Errors
///
/// Fails if the headers declare something else.
pub(crate) fn demand_json(headers: &HeaderMap) -> Result<(), ErrorResponse> {
    let given = headers.get(header::CONTENT_TYPE);
    let given = given.and_then(|given| given.to_str().ok());
    let essence = given.map(|given| given.split(';').next().unwrap_or_default().trim());
    let is_json = essence.is_some_and(|essence| {
        essence.eq_ignore_ascii_case("application/json")
            || essence.to_ascii_lowercase().ends_with("+json")
    });
    if !is_json {
        let found = match essence {
            Some(essence) => format!("the body's Content-Type is {}", quoted(essence)),
            None => "the body has no Content-Type".to_owned(),
        };
        return Err(unsupported(format!(
            "{found}; it must be application/json (curl: -H 'Content-Type: application/json')"
        )));
    }
    match given.and_then(charset) {
        Some(charset) if !is_utf_8(charset) => Err(unsupported(format!(
            "the body's charset is {}; send JSON in UTF-8, the only charset of JSON",
            quoted(charset)
        ))),
        _ => Ok(()),
    }
}

/// Checks that the headers do not declare a compressed body.
fn demand_plain(headers: &HeaderMap) -> Result<(), ErrorResponse> {
    for coding in headers.get_all(header::CONTENT_ENCODING) {
        let coding = String::from_utf8_lossy(coding.as_bytes());
        if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") {
            return Err(compressed(&format!(
                "its Content-Encoding is {}",
                quoted(&coding)
            )));
        }
    }
    Ok(())
}

/// Checks that the body does not begin like gzip, UTF-16 or a byte order mark, although its headers do not say so.
fn demand_text(body: &[u8]) -> Result<(), ErrorResponse> {
    if body.starts_with(b"\x1f\x8b") {
        return Err(compressed("it begins like gzip"));
    }
    if body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff") {
        return Err(unsupported(
            "the body begins with a UTF-16 byte order mark; send JSON in UTF-8".to_owned(),
        ));
    }
    if body.starts_with(b"\xef\xbb\xbf") {
        return Err(ErrorResponse::bad_request(
            "the body begins with a byte order mark, which JSON does not allow; remove its first three bytes",
        ));
    }
    Ok(())
}

fn compressed(how: &str) -> ErrorResponse {
    unsupported(format!(
        "the body is compressed ({how}), but this endpoint does not read compressed bodies; send plain JSON, without \
         Content-Encoding"
    ))
}

fn unsupported(text: String) -> ErrorResponse {
    ErrorResponse::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
}

fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.trim().trim_matches('"'))
    })
}

/// Returns whether the charset is UTF-8 or ASCII, which is a subset of it.
fn is_utf_8(charset: &str) -> bool {
    ["utf-8", "utf8", "us-ascii", "ascii"]
        .iter()
        .any(|name| charset.eq_ignore_ascii_case(name))
}

#[cfg(test)]
#[path = "request_body_tests.rs"]
mod request_body_tests;
