//! What the endpoint does wrong.

use std::time::Duration;

/// One fault, done to one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// An answer without a body; what was asked is not done.
    Status(u16),
    /// The same with a pause that the worker is to keep, in seconds.
    RetryAfter(u16, u64),
    /// The connection is reset; what was asked is not done.
    ResetBefore,
    /// What was asked is done, and the connection is reset in place of the answer.
    ResetAfter,
    /// The connection is closed in good order, without an answer.
    Close,
    /// Done and answered well, this much later.
    Late(Duration),
    /// Another host is named. Whoever goes there hands it the key.
    Redirect(u16),
    /// Done, and answered so slowly that the body comes in drops.
    SlowBody,
    /// Done, and the connection breaks in the middle of the answer's body.
    Truncated,
    /// A good head, and a body of a gigabyte.
    Giant,
    /// Headers, and no end of them.
    EndlessHeaders,
    /// No HTTP at all.
    Garbage,
    /// To a take or a stop poll: answered with 200 and this, as this content type.
    Body(&'static str, &'static str),
}

impl Fault {
    /// A post that meets this has been accepted, and the worker can see it: the answer's head says so.
    pub(crate) fn is_acceptance_seen(self) -> bool {
        matches!(
            self,
            Self::Late(_) | Self::SlowBody | Self::Truncated | Self::Giant
        ) || matches!(self, Self::Status(200..300))
    }

    /// The answer says that trying again is of no use.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(self, Self::Status(400 | 413 | 415 | 422))
    }

    /// The answer says that nobody waits for this job any more.
    pub(crate) fn is_disowning(self) -> bool {
        matches!(self, Self::Status(409 | 410))
    }
}

/// Answers to takes that hold no job although they look like one.
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
