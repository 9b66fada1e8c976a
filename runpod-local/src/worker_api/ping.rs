//! The heartbeat of workers.

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

/// The length in bytes from which a list of jobs may be incomplete.
///
/// The SDK cuts its list at 64 KiB. A worker of this project sends several heartbeats if all its jobs do not fit into
/// an address of 8,000 bytes. Each list then fills at least about half of the address.
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
        ErrorResponse::bad_request(format!("the query is not valid: {}", error.body_text()))
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
        (None, None) => "no reason given".to_owned(),
    }
}

/// Returns the text in a form that is safe for a log line.
fn plain(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 256;
    one_line(text, LONGEST)
}
