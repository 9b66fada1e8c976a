//! The body of a request: read completely, within the limits.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::answer::ErrorAnswer;

/// The load balancer's limit.
const LARGEST: usize = 30 << 20;
/// How long a client may pause while it sends its body.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How much of a refused body is read. A client that still sends might not see the answer otherwise.
const MOST_DISCARDED: usize = 64 << 20;
const LONGEST_DISCARD_PAUSE: Duration = Duration::from_secs(2);

/// Reads the body as the input of a job. An empty body is `null`, for handlers that take no input.
///
/// # Errors
///
/// Returns the answer to a body that is too large, incomplete or not JSON.
pub(super) async fn read_input(
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Box<RawValue>, ErrorAnswer> {
    check_type(headers)?;
    let bytes = read_bytes(headers, body).await?;
    if bytes.trim_ascii().is_empty() {
        return Ok(RawValue::NULL.to_owned());
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| malformed(&format!("it is not UTF-8: {}", error.utf8_error())))?;
    RawValue::from_string(text).map_err(|error| malformed(&error.to_string()))
}

/// Reads the body.
///
/// # Errors
///
/// Returns the answer to a body that is too large or incomplete.
pub(super) async fn read_bytes(
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Vec<u8>, ErrorAnswer> {
    let length = content_length(headers);
    if length.is_some_and(|length| length > LARGEST) {
        return Err(too_large());
    }
    read(body, length.unwrap_or_default()).await
}

/// Reads and discards the rest of the body of a refused request, if the client is sending one.
pub(super) async fn discard(headers: &HeaderMap, body: &mut Body) {
    // This client waits for permission to send.
    let asks_first = headers.contains_key(EXPECT);
    if asks_first || content_length(headers).is_some_and(|length| length > MOST_DISCARDED) {
        return;
    }
    let mut left = MOST_DISCARDED;
    while let Ok(Some(Ok(frame))) = timeout(LONGEST_DISCARD_PAUSE, body.frame()).await {
        let size = frame.data_ref().map_or(0, bytes::Bytes::len);
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

async fn read(body: &mut Body, length: usize) -> Result<Vec<u8>, ErrorAnswer> {
    let mut bytes = Vec::with_capacity(length.min(LARGEST));
    loop {
        match timeout(LONGEST_PAUSE, body.frame()).await {
            Ok(None) => return Ok(bytes),
            Ok(Some(Ok(frame))) => {
                let Ok(data) = frame.into_data() else {
                    continue;
                };
                if bytes.len() + data.len() > LARGEST {
                    return Err(too_large());
                }
                bytes.extend_from_slice(&data);
            }
            Ok(Some(Err(error))) => {
                return Err(ErrorAnswer::new(
                    StatusCode::BAD_REQUEST,
                    "BodyError",
                    format!("the body is incomplete: {error}"),
                ));
            }
            Err(_) => {
                return Err(ErrorAnswer::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "BodyError",
                    format!(
                        "the body is incomplete: nothing has arrived for {} s",
                        LONGEST_PAUSE.as_secs()
                    ),
                ));
            }
        }
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), ErrorAnswer> {
    if may_be_json(headers) {
        return Ok(());
    }
    Err(ErrorAnswer::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "BodyError",
        "the body must be JSON: send it with `Content-Type: application/json`",
    ))
}

/// Returns whether the body has a type of JSON, or no type, as many clients send it.
pub(super) fn may_be_json(headers: &HeaderMap) -> bool {
    let Some(found) = headers.get(CONTENT_TYPE) else {
        return true;
    };
    let essence = found
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large() -> ErrorAnswer {
    ErrorAnswer::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "BodyError",
        format!(
            "the body is larger than {LARGEST} bytes: send a URL of the data instead of the data"
        ),
    )
}

fn malformed(why: &str) -> ErrorAnswer {
    ErrorAnswer::new(
        StatusCode::BAD_REQUEST,
        "BodyError",
        format!("the body is not valid JSON: {why}"),
    )
}
