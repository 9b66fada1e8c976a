//! The heartbeat.

use std::borrow::Cow;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::caller::RequestingWorker;
use crate::context::Context;
use crate::queue::{JobId, Ping};
use crate::response::{self, ErrorResponse};
use crate::text::one_line;

/// The SDK cuts its list of jobs at 64 KiB. A worker of this project sends several heartbeats if an address of 8,000 bytes does
/// not hold all its jobs, and each of their lists fills about half of such an address at least. A list that is so long, in bytes,
/// may not name all jobs.
const MAY_BE_CUT: usize = 3500;

#[derive(Debug, Deserialize)]
pub(super) struct PingQuery {
    job_id: Option<String>,
    runpod_version: Option<String>,
    status: Option<String>,
    check: Option<String>,
    reason: Option<String>,
}

pub(super) async fn ping(
    State(context): State<Context>,
    asking: RequestingWorker,
    query: Result<Query<PingQuery>, QueryRejection>,
) -> Result<Response, ErrorResponse> {
    let Query(query) = query.map_err(|error| {
        ErrorResponse::bad_request(format!("the query cannot be read: {}", error.body_text()))
    })?;
    let version = query.runpod_version.as_deref().map(plain);
    let unhealthy = (query.status.as_deref() == Some("unhealthy"))
        .then(|| reason(query.check.as_deref(), query.reason.as_deref()));
    let named = query.job_id.unwrap_or_default();
    let ping = Ping {
        jobs: named.split(',').filter_map(JobId::parse).collect(),
        is_cut: named.len() > MAY_BE_CUT,
        version: version.as_deref(),
        unhealthy: unhealthy.as_deref(),
    };
    context.queue.ping(asking.caller(), &ping)?;
    Ok(response::ok("{}"))
}

fn reason(check: Option<&str>, reason: Option<&str>) -> String {
    match (check, reason) {
        (Some(check), Some(reason)) => format!("{}: {}", plain(check), plain(reason)),
        (Some(query), None) | (None, Some(query)) => plain(query).into_owned(),
        (None, None) => "it does not say why".to_owned(),
    }
}

/// As it can stand in a log line.
fn plain(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 256;
    one_line(text, LONGEST)
}
