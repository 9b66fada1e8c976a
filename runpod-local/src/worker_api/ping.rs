//! The heartbeat.

use std::borrow::Cow;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::caller::Asking;
use crate::answer::{self, Answer};
use crate::endpoint::Shared;
use crate::queue::{JobId, Ping};
use crate::text::one_line;

/// The SDK cuts its list of jobs at 64 KiB. A worker of this project sends several heartbeats if an address of 8,000 bytes does
/// not hold all its jobs, and each of their lists fills about half of such an address at least. A list that is so long, in bytes,
/// may not name all jobs.
const MAY_BE_CUT: usize = 3500;

#[derive(Debug, Deserialize)]
pub(super) struct Said {
    job_id: Option<String>,
    runpod_version: Option<String>,
    status: Option<String>,
    check: Option<String>,
    reason: Option<String>,
}

pub(super) async fn ping(
    State(shared): State<Shared>,
    asking: Asking,
    said: Result<Query<Said>, QueryRejection>,
) -> Result<Response, Answer> {
    let Query(said) = said.map_err(|error| {
        Answer::bad_request(format!("the query cannot be read: {}", error.body_text()))
    })?;
    let version = said.runpod_version.as_deref().map(plain);
    let unhealthy = (said.status.as_deref() == Some("unhealthy"))
        .then(|| reason(said.check.as_deref(), said.reason.as_deref()));
    let named = said.job_id.unwrap_or_default();
    let ping = Ping {
        jobs: named.split(',').filter_map(JobId::parse).collect(),
        is_cut: named.len() > MAY_BE_CUT,
        version: version.as_deref(),
        unhealthy: unhealthy.as_deref(),
    };
    shared.queue.ping(asking.caller(), &ping)?;
    Ok(answer::json(StatusCode::OK, "{}"))
}

fn reason(check: Option<&str>, reason: Option<&str>) -> String {
    match (check, reason) {
        (Some(check), Some(reason)) => format!("{}: {}", plain(check), plain(reason)),
        (Some(said), None) | (None, Some(said)) => plain(said).into_owned(),
        (None, None) => "it does not say why".to_owned(),
    }
}

/// As it can stand in a log line.
fn plain(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 256;
    one_line(text, LONGEST)
}
