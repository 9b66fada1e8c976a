//! Request bodies: whole, within a limit, and from a client that goes on sending.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::content;
use crate::answer::Answer;
use crate::text::bytes;

/// How long a client may be silent in the middle of a body.
const SILENCE: Duration = Duration::from_secs(30);

/// Reads a whole body of at most `limit` bytes.
///
/// The body must be uncompressed and must not begin as gzip, UTF-16 or a byte order mark does. If it is already known to be
/// too large, the rest is not awaited, and the connection closes after the answer.
pub(crate) async fn read_body(request: Request<Body>, limit: usize) -> Result<Bytes, Answer> {
    content::demand_plain(request.headers())?;
    let whole = read_bytes(request.into_body(), limit).await?;
    content::demand_text(&whole)?;
    Ok(whole)
}

async fn read_bytes(mut body: Body, limit: usize) -> Result<Bytes, Answer> {
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    let mut whole = Bytes::new();
    // Small bodies come in one piece, which is then not copied.
    let mut pieces = BytesMut::new();
    loop {
        let frame = match timeout(SILENCE, body.frame()).await {
            Err(_) => return Err(too_slow(whole.len() + pieces.len())),
            Ok(None) => break,
            Ok(Some(Err(error))) => {
                return Err(Answer::bad_request(format!(
                    "the body could not be read: {error}"
                )));
            }
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers say nothing here.
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

fn too_large(limit: usize) -> Answer {
    Answer::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!(
            "the body is larger than {}, the limit of this endpoint; upload large data to a store and send its URL",
            bytes(limit)
        ),
    )
}

fn too_slow(read: usize) -> Answer {
    Answer::new(
        StatusCode::REQUEST_TIMEOUT,
        format!(
            "nothing more of the body came for {} seconds, after {read} bytes of it; send the whole body, as long as \
             Content-Length says",
            SILENCE.as_secs()
        ),
    )
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod body_tests;
