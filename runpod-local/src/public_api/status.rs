//! Operations that return a job's state: status, status-sync and stream.

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::context::Context;
use crate::job_body;
use crate::parameters::{self, PathParameters};
use crate::response::{self, ErrorResponse};
use crate::text::quoted;

/// The allowed values of `wait` for `/runsync` and `/status-sync`, in ms.
pub(crate) const WAIT: std::ops::RangeInclusive<u64> = 1_000..=300_000;

pub(super) async fn status(
    State(context): State<Context>,
    PathParameters(job): PathParameters<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ErrorResponse> {
    no_ttl(query.as_deref())?;
    let report = context.queue.report(parameters::job_id(&job)?)?;
    Ok(response::ok(job_body::whole(&report)))
}

pub(super) async fn status_sync(
    State(context): State<Context>,
    PathParameters(job): PathParameters<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ErrorResponse> {
    no_ttl(query.as_deref())?;
    let wait = wait(query.as_deref(), context.timing.sync_wait)?;
    let report = context.queue.wait(parameters::job_id(&job)?, wait).await?;
    Ok(response::ok(job_body::whole(&report)))
}

pub(super) async fn stream(
    State(context): State<Context>,
    PathParameters(job): PathParameters<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, ErrorResponse> {
    no_ttl(query.as_deref())?;
    let id = parameters::job_id(&job)?;
    let streamed = context.queue.stream(id).await?;
    Ok(response::ok(job_body::stream(id, &streamed)))
}

/// Rejects requests with `?ttl=`, which this endpoint does not implement. If it were ignored, a job would be kept for a
/// different time from the requested one.
pub(super) fn no_ttl(query: Option<&str>) -> Result<(), ErrorResponse> {
    match parameters::query(query, "ttl") {
        None => Ok(()),
        Some(_) => Err(ErrorResponse::new(
            StatusCode::NOT_IMPLEMENTED,
            "this local endpoint does not implement the parameter ?ttl=; omit it, and set the job's time to live in the body \
             that submits the job: {\"input\": …, \"policy\": {\"ttl\": milliseconds}}",
        )),
    }
}

/// Returns how long the client wants to wait.
pub(super) fn wait(query: Option<&str>, default: Duration) -> Result<Duration, ErrorResponse> {
    let Some(text) = parameters::query(query, "wait") else {
        return Ok(default);
    };
    match text.parse() {
        Ok(ms) if WAIT.contains(&ms) => Ok(Duration::from_millis(ms)),
        _ => Err(ErrorResponse::bad_request(format!(
            "wait: found {}; expected a whole number of milliseconds from {} to {}; if you omit it, it is {}",
            quoted(text),
            WAIT.start(),
            WAIT.end(),
            default.as_millis()
        ))),
    }
}
