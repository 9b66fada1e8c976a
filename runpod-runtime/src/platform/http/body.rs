//! Reads the body of an answer, within limits of size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::client::describe;

/// The time limit for a body in either direction: `BASE`, plus one second for each `BYTES_A_SECOND` bytes (half a
/// megabit per second).
const BASE: Duration = Duration::from_secs(30);
const BYTES_A_SECOND: u64 = 64 * 1024;
/// The maximum time without a single new byte of a body.
const STALLED: Duration = Duration::from_secs(30);

/// Returns how long the transfer of this many bytes may take.
pub(super) fn time_for(bytes: usize) -> Duration {
    BASE + Duration::from_secs(bytes as u64 / BYTES_A_SECOND)
}

/// A body that was not read completely.
#[derive(Debug)]
pub(super) struct Unfinished {
    /// Whether the body is larger than the limit. Otherwise, the connection broke or the body came too slowly.
    pub(super) is_too_large: bool,
    pub(super) why: String,
    /// The part of the body that was read.
    pub(super) read: Bytes,
}

/// Reads a body of at most `limit` bytes.
///
/// The time limit grows with the number of bytes read. So a large body on a slow line is read completely, but a
/// platform that sends single bytes cannot hold up the worker.
pub(super) async fn read(mut response: Response, limit: usize) -> Result<Bytes, Unfinished> {
    let begun = Instant::now();
    let announced = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or_default();
    let mut body = Body::Empty;
    loop {
        let deadline = (begun + time_for(body.len())).min(Instant::now() + STALLED);
        let why = match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() > limit => {
                body.push(&chunk.slice(..limit - body.len()), announced.min(limit));
                return Err(Unfinished {
                    is_too_large: true,
                    why: format!("the answer is larger than {limit} bytes"),
                    read: body.into_bytes(),
                });
            }
            Ok(Ok(Some(chunk))) => {
                body.push(&chunk, announced.min(limit));
                continue;
            }
            Ok(Ok(None)) => return Ok(body.into_bytes()),
            Ok(Err(error)) => describe(error),
            Err(_) => format!(
                "the rest of the answer did not arrive: {} bytes in {} s",
                body.len(),
                begun.elapsed().as_secs()
            ),
        };
        return Err(Unfinished {
            is_too_large: false,
            why,
            read: body.into_bytes(),
        });
    }
}

/// The body of an answer. If it comes in one piece, it is not copied.
enum Body {
    Empty,
    OnePiece(Bytes),
    Several(BytesMut),
}

impl Body {
    fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::OnePiece(piece) => piece.len(),
            Self::Several(pieces) => pieces.len(),
        }
    }

    /// Adds a piece. `expected` is the probable length of the whole body.
    fn push(&mut self, piece: &Bytes, expected: usize) {
        match self {
            Self::Empty => *self = Self::OnePiece(piece.clone()),
            Self::OnePiece(first) => {
                let mut pieces = BytesMut::with_capacity(expected.max(first.len() + piece.len()));
                pieces.extend_from_slice(first);
                pieces.extend_from_slice(piece);
                *self = Self::Several(pieces);
            }
            Self::Several(pieces) => pieces.extend_from_slice(piece),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::OnePiece(piece) => piece,
            Self::Several(pieces) => pieces.freeze(),
        }
    }
}
