//! Answers that tell of a job, and of its stream.

use axum::http::StatusCode;
use axum::response::Response;

use crate::queue::{JobId, Report, Status, Streamed};
use crate::{answer, status_body};

/// `{"id": …, "status": …}`
pub(super) fn brief(id: JobId, status: Status) -> Response {
    answer::json(StatusCode::OK, status_body::brief(id, status))
}

/// Everything that a client is told.
pub(super) fn whole(report: &Report) -> Response {
    answer::json(StatusCode::OK, status_body::whole(report))
}

/// `{"id": …, "status": …, "stream": [{"output": …}, …]}`
pub(super) fn stream(id: JobId, streamed: &Streamed) -> Response {
    let size: usize = streamed.items.iter().map(|item| item.len() + 16).sum();
    let mut body = Vec::with_capacity(128 + size);
    status_body::begin(&mut body, id, streamed.status);
    body.extend_from_slice(b",\"stream\":[");
    for (index, item) in streamed.items.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(b"{\"output\":");
        body.extend_from_slice(item.as_bytes());
        body.push(b'}');
    }
    body.extend_from_slice(b"]}");
    answer::json(StatusCode::OK, body)
}
