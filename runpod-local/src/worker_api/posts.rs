//! What workers post: stream items, progress, results. They say that it is a form; it is JSON all the same.

use std::borrow::Cow;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{caller, split};
use crate::answer::{self, Answer};
use crate::endpoint::Shared;
use crate::path::{self, InPath};
use crate::queue::{Accepted, JobId, Json, Posted};
use crate::serve;

#[derive(Deserialize)]
struct Done<'a> {
    /// `IN_PROGRESS` makes it progress.
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
struct Item<'a> {
    #[serde(borrow, default, deserialize_with = "given")]
    output: Option<&'a RawValue>,
}

pub(super) async fn done(
    State(shared): State<Shared>,
    InPath((worker, job)): InPath<(String, String)>,
    request: Request,
) -> Result<Response, Answer> {
    let id = of(&worker, &job)?;
    let body = serve::read_body(request, shared.limits.result_body).await?;
    let done: Done<'_> = read(&body, "{\"output\": …} or {\"error\": …}")?;
    let output = done.output.map(Json::copied);
    let accepted = if done.status.as_deref() == Some("IN_PROGRESS") {
        let progress = output.unwrap_or_else(|| Json::copied(RawValue::NULL));
        shared.queue.post_progress(&worker, id, progress)?
    } else {
        let posted = Posted {
            output,
            error: done.error.map(Json::copied),
            refreshes: done.stop_pod == Some(true),
        };
        shared.queue.done(&worker, id, posted)?
    };
    Ok(answered(accepted))
}

pub(super) async fn stream(
    State(shared): State<Shared>,
    InPath((worker, job)): InPath<(String, String)>,
    request: Request,
) -> Result<Response, Answer> {
    const EXPECTED: &str = "{\"output\": item}";
    let id = of(&worker, &job)?;
    let body = serve::read_body(request, shared.limits.result_body).await?;
    let Item { output } = read(&body, EXPECTED)?;
    let Some(item) = output else {
        return Err(Answer::bad_request(format!(
            "the stream item has no `output`; expected {EXPECTED}"
        )));
    };
    let items = split::pieces(item, shared.limits.stream_item);
    let accepted = shared.queue.post_items(&worker, id, items)?;
    Ok(answered(accepted))
}

fn of(worker: &str, job: &str) -> Result<JobId, Answer> {
    caller::check(worker)?;
    path::job(job)
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8], expected: &str) -> Result<T, Answer> {
    // What is read into a struct may come as an array too.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Answer::bad_request(format!(
            "the body is an array; expected {expected}"
        )));
    }
    serde_json::from_slice(body).map_err(|error| {
        Answer::bad_request(format!(
            "the body cannot be read: {error}; expected {expected}"
        ))
    })
}

/// `null` is an output too.
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
    answer::json(StatusCode::OK, body)
}
