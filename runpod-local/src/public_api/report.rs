//! How a job's report and its stream are written.

use std::io::Write as _;

use axum::http::StatusCode;
use axum::response::Response;

use crate::answer;
use crate::queue::{JobId, Json, Report, Status, Streamed, ms};

/// `{"id": …, "status": …}`
pub(super) fn brief(id: JobId, status: Status) -> Response {
    let mut body = Vec::with_capacity(96);
    begin(&mut body, id, status);
    body.push(b'}');
    answer::json(StatusCode::OK, body)
}

/// Everything that a client is told.
pub(super) fn whole(report: &Report) -> Response {
    let size = |json: &Option<Json>| json.as_ref().map_or(0, Json::len);
    let mut body = Vec::with_capacity(256 + size(&report.output) + size(&report.error));
    begin(&mut body, report.id, report.status);
    // Writing to memory does not fail.
    if let Some(delay) = report.delay {
        let _ = write!(body, ",\"delayTime\":{}", ms(delay));
    }
    if let Some(execution) = report.execution {
        let _ = write!(body, ",\"executionTime\":{}", ms(execution));
    }
    for (key, value) in [("output", &report.output), ("error", &report.error)] {
        if let Some(value) = value {
            let _ = write!(body, ",\"{key}\":");
            body.extend_from_slice(value.as_bytes());
        }
    }
    if let Some(worker) = &report.worker {
        body.extend_from_slice(b",\"workerId\":");
        let _ = serde_json::to_writer(&mut body, &**worker);
    }
    if report.retries > 0 {
        let _ = write!(body, ",\"retries\":{}", report.retries);
    }
    body.push(b'}');
    answer::json(StatusCode::OK, body)
}

/// `{"id": …, "status": …, "stream": [{"output": …}, …]}`
pub(super) fn stream(id: JobId, streamed: &Streamed) -> Response {
    let size: usize = streamed.items.iter().map(|item| item.len() + 16).sum();
    let mut body = Vec::with_capacity(128 + size);
    begin(&mut body, id, streamed.status);
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

fn begin(body: &mut Vec<u8>, id: JobId, status: Status) {
    let status = status.as_str();
    let _ = write!(body, "{{\"id\":\"{id}\",\"status\":\"{status}\"");
}
