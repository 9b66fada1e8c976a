//! The faults of the endpoint.

use std::time::Duration;

/// One fault in the answer to one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// An answer with this status and without a body. The request is not carried out.
    Status(u16),
    /// Like `Status`, with a pause in seconds that the worker must keep.
    RetryAfter(u16, u64),
    /// The connection is reset. The request is not carried out.
    ResetBefore,
    /// The request is carried out, but the connection is reset instead of an answer.
    ResetAfter,
    /// The connection is closed properly, without an answer.
    Close,
    /// The request is carried out and answered correctly, but this much later.
    Late(Duration),
    /// The answer redirects to another host. If a worker follows it, that host gets the key.
    Redirect(u16),
    /// The request is carried out, but the body of the answer arrives in small pieces.
    SlowBody,
    /// The request is carried out, but the connection breaks in the middle of the answer's body.
    Truncated,
    /// An answer with a valid head and a body of a gigabyte.
    Giant,
    /// Headers without end.
    EndlessHeaders,
    /// Bytes that are not HTTP.
    Garbage,
    /// A job-take request or a stop poll is answered with 200, this content type and this body.
    Body(&'static str, &'static str),
}

impl Fault {
    /// Returns whether a post with this fault was accepted and the worker can see that in the head of the answer.
    pub(crate) fn is_acceptance_seen(self) -> bool {
        matches!(
            self,
            Self::Late(_) | Self::SlowBody | Self::Truncated | Self::Giant
        ) || matches!(self, Self::Status(200..300))
    }

    /// Returns whether the answer says that another attempt is useless.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(self, Self::Status(400 | 413 | 415 | 422))
    }

    /// Returns whether the answer says that nobody waits for this job any more.
    pub(crate) fn is_disowning(self) -> bool {
        matches!(self, Self::Status(409 | 410))
    }
}

/// Answers to job-take requests that look like a job but contain none.
pub(crate) const MALFORMED: &[Fault] = &[
    Fault::Body("application/json", ""),
    Fault::Body("application/json", "{"),
    Fault::Body("application/json", "null"),
    Fault::Body("application/json", "7"),
    Fault::Body("application/json", "\"job\""),
    Fault::Body("application/json", "[]"),
    Fault::Body("application/json", "[[]]"),
    Fault::Body("application/json", "[1, null, \"job\"]"),
    Fault::Body("application/json", "{}"),
    Fault::Body("application/json", "{\"id\": 7, \"input\": {}}"),
    Fault::Body("application/json", "{\"id\": null, \"input\": {}}"),
    Fault::Body("application/json", "{\"id\": \"\", \"input\": {}}"),
    Fault::Body("application/json", "{\"id\": \"..\", \"input\": {}}"),
    Fault::Body("application/json", "{\"input\": {}}"),
    Fault::Body("application/json", "{\"id\": \"half\", \"inp"),
    Fault::Body("application/json", "\u{feff}{}"),
    Fault::Body("text/html", "<html><body>502 Bad Gateway</body></html>"),
    Fault::Body("application/octet-stream", "\u{1}\u{2}\u{3}"),
    Fault::Body("", "{\"id\": \"untyped\", \"input\": {}}"),
];
