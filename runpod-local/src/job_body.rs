//! Writes the JSON that describes a job. `/status`, similar answers and webhooks all use it, so their contents agree.

use std::io::Write as _;

use crate::queue::{JobId, JobReport, Json, Status, StreamBatch, ms};

/// Writes `{"id": …, "status": …}`.
pub(crate) fn brief(id: JobId, status: Status) -> Vec<u8> {
    let mut body = Vec::with_capacity(96);
    begin(&mut body, id, status);
    body.push(b'}');
    body
}

/// Writes everything that clients may know about a job.
pub(crate) fn whole(report: &JobReport) -> Vec<u8> {
    let mut body = Vec::with_capacity(room(report));
    write(&mut body, report);
    body.push(b'}');
    body
}

/// Writes the body of a webhook: the same as for clients, plus the job's input and the webhook's address, as on Runpod.
pub(crate) fn for_webhook(report: &JobReport, input: &[u8], url: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(room(report) + input.len() + url.len());
    write(&mut body, report);
    body.extend_from_slice(b",\"input\":");
    body.extend_from_slice(input);
    body.extend_from_slice(b",\"webhook\":");
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(&mut body, url);
    body.push(b'}');
    body
}

/// Writes `{"id": …, "status": …, "stream": [{"output": …}, …]}`.
pub(crate) fn stream(id: JobId, streamed: &StreamBatch) -> Vec<u8> {
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
    body
}

/// Writes the start of an object that describes a job. The caller writes the rest.
fn begin(body: &mut Vec<u8>, id: JobId, status: Status) {
    let status = status.as_str();
    let _ = write!(body, "{{\"id\":\"{id}\",\"status\":\"{status}\"");
}

fn room(report: &JobReport) -> usize {
    let size = |json: &Option<Json>| json.as_ref().map_or(0, Json::len);
    256 + size(&report.output) + size(&report.error)
}

fn write(body: &mut Vec<u8>, report: &JobReport) {
    begin(body, report.id, report.status);
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
        let _ = serde_json::to_writer(&mut *body, &**worker);
    }
    if report.retries > 0 {
        let _ = write!(body, ",\"retries\":{}", report.retries);
    }
}
