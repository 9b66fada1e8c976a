//! What became of a job: status, status-sync, stream.

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::report;
use crate::answer::Answer;
use crate::endpoint::Shared;
use crate::path::{self, InPath};

/// `wait` of `/runsync` and `/status-sync`, in ms.
pub(crate) const WAIT: std::ops::RangeInclusive<u64> = 1_000..=300_000;

pub(super) async fn status(
    State(shared): State<Shared>,
    InPath(job): InPath<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Answer> {
    no_ttl(query.as_deref())?;
    let report = shared.queue.report(path::job(&job)?)?;
    Ok(report::whole(&report))
}

pub(super) async fn status_sync(
    State(shared): State<Shared>,
    InPath(job): InPath<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Answer> {
    no_ttl(query.as_deref())?;
    let wait = wait(query.as_deref(), shared.timing.sync_wait)?;
    let report = shared.queue.wait(path::job(&job)?, wait).await?;
    Ok(report::whole(&report))
}

pub(super) async fn stream(
    State(shared): State<Shared>,
    InPath(job): InPath<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Answer> {
    no_ttl(query.as_deref())?;
    let id = path::job(&job)?;
    let streamed = shared.queue.stream(id).await?;
    Ok(report::stream(id, &streamed))
}

/// # Errors
///
/// `?ttl=` is there, which this endpoint does not have. To ignore it would keep a job for another time than was asked for.
pub(super) fn no_ttl(query: Option<&str>) -> Result<(), Answer> {
    match path::parameter(query, "ttl") {
        None => Ok(()),
        Some(_) => Err(Answer::new(
            StatusCode::NOT_IMPLEMENTED,
            "the parameter ?ttl= is not implemented by this local endpoint; leave it out, and give a job its time in the \
             body that submits it: {\"input\": …, \"policy\": {\"ttl\": milliseconds}}",
        )),
    }
}

/// How long a client wants to wait.
pub(super) fn wait(query: Option<&str>, default: Duration) -> Result<Duration, Answer> {
    let Some(text) = path::parameter(query, "wait") else {
        return Ok(default);
    };
    match text.parse() {
        Ok(ms) if WAIT.contains(&ms) => Ok(Duration::from_millis(ms)),
        _ => Err(Answer::bad_request(format!(
            "wait: found {}; expected a whole number of milliseconds from {} to {}; leave it out for {}",
            path::shown(text),
            WAIT.start(),
            WAIT.end(),
            default.as_millis()
        ))),
    }
}
