//! The posts of workers: stream items, progress and results. Their content type says that they are forms, but they are
//! JSON.

use std::borrow::Cow;

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{caller, oversized_item};
use crate::context::Context;
use crate::parameters::{self, PathParameters};
use crate::queue::{Accepted, JobId, JobOutcome, Json};
use crate::request_body;
use crate::response::{self, ErrorResponse};

#[derive(Deserialize)]
struct DoneBody<'a> {
    /// If the status is `IN_PROGRESS`, the output is a progress update.
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "given")]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(rename = "stopPod", default)]
    stop_pod: Option<bool>,
}

#[derive(Deserialize)]
struct StreamBody<'a> {
    #[serde(borrow, default, deserialize_with = "given")]
    output: Option<&'a RawValue>,
}

pub(super) async fn done(
    State(context): State<Context>,
    PathParameters((worker, job)): PathParameters<(String, String)>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let id = of(&worker, &job)?;
    let body = request_body::read_body(request, context.limits.result_body).await?;
    let done: DoneBody<'_> = read(&body, "{\"output\": …} or {\"error\": …}")?;
    let output = done.output.map(Json::copied);
    let accepted = if done.status.as_deref() == Some("IN_PROGRESS") {
        let progress = output.unwrap_or_else(|| Json::copied(RawValue::NULL));
        context.queue.post_progress(&worker, id, progress)?
    } else {
        let outcome = JobOutcome::posted(output, done.error.map(Json::copied));
        let refreshes = done.stop_pod == Some(true);
        context.queue.done(&worker, id, outcome, refreshes)?
    };
    Ok(answered(accepted))
}

pub(super) async fn stream(
    State(context): State<Context>,
    PathParameters((worker, job)): PathParameters<(String, String)>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    const EXPECTED: &str = "{\"output\": item}";
    let id = of(&worker, &job)?;
    let body = request_body::read_body(request, context.limits.result_body).await?;
    let StreamBody { output } = read(&body, EXPECTED)?;
    let Some(item) = output else {
        return Err(ErrorResponse::bad_request(format!(
            "the stream item has no `output`; expected {EXPECTED}"
        )));
    };
    let items = oversized_item::pieces(item, context.limits.stream_item);
    let accepted = context.queue.post_items(&worker, id, items)?;
    Ok(answered(accepted))
}

fn of(worker: &str, job: &str) -> Result<JobId, ErrorResponse> {
    caller::check(worker)?;
    parameters::job_id(job)
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8], expected: &str) -> Result<T, ErrorResponse> {
    // Serde would also accept an array for a struct.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(ErrorResponse::bad_request(format!(
            "the body is an array; expected {expected}"
        )));
    }
    serde_json::from_slice(body).map_err(|error| {
        ErrorResponse::bad_request(format!(
            "the body is not valid: {error}; expected {expected}"
        ))
    })
}

/// Deserialises a key that is present. `null` counts as a value.
fn given<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn answered(accepted: Accepted) -> Response {
    let body = match accepted {
        Accepted::Yes => r#"{"status":"accepted"}"#,
        Accepted::Ignored => r#"{"status":"ignored"}"#,
    };
    response::ok(body)
}
