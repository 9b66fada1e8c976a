//! The polls of workers: jobs to run, and jobs to stop.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde::Serialize;

use super::caller::RequestingWorker;
use crate::context::Context;
use crate::parameters;
use crate::queue::JobId;
use crate::response::{self, ErrorResponse};
use crate::text::quoted;

/// Returns one job as an object.
pub(super) async fn take(
    State(context): State<Context>,
    asking: RequestingWorker,
) -> Result<Response, ErrorResponse> {
    let tasks = context.queue.take(asking.caller(), 1).await?;
    Ok(match tasks.into_iter().next() {
        Some(task) => response::ok(task),
        None => nothing(),
    })
}

/// Returns jobs in an array.
pub(super) async fn take_batch(
    State(context): State<Context>,
    asking: RequestingWorker,
    RawQuery(query): RawQuery,
) -> Result<Response, ErrorResponse> {
    let most = batch_size(query.as_deref())?;
    let tasks = context.queue.take(asking.caller(), most).await?;
    if tasks.is_empty() {
        return Ok(nothing());
    }
    Ok(response::ok(array(&tasks)))
}

pub(super) async fn stop(
    State(context): State<Context>,
    asking: RequestingWorker,
) -> Result<Response, ErrorResponse> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Stops<'a> {
        jobs_to_stop: &'a [JobId],
    }
    let stops = context.queue.stops(asking.caller()).await?;
    if stops.is_empty() {
        return Ok(nothing());
    }
    // Ids always serialise to JSON.
    let body = serde_json::to_vec(&Stops {
        jobs_to_stop: &stops,
    });
    Ok(response::ok(body.unwrap_or_default()))
}

fn batch_size(query: Option<&str>) -> Result<usize, ErrorResponse> {
    let Some(text) = parameters::query(query, "batch_size") else {
        return Ok(1);
    };
    match text.parse() {
        Ok(size @ 1..) => Ok(size),
        _ => Err(ErrorResponse::bad_request(format!(
            "batch_size: found {}; expected a whole number, at least 1",
            quoted(text)
        ))),
    }
}

fn array(tasks: &[Bytes]) -> Vec<u8> {
    let size: usize = tasks.iter().map(|task| task.len() + 1).sum();
    let mut body = Vec::with_capacity(size + 2);
    for (index, task) in tasks.iter().enumerate() {
        body.push(if index == 0 { b'[' } else { b',' });
        body.extend_from_slice(task);
    }
    body.push(b']');
    body
}

fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}
