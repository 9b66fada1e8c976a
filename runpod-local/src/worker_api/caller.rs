//! Identifies the worker that sends a request.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;

use crate::parameters::PathParameters;
use crate::queue::CallingWorker;
use crate::response::ErrorResponse;
use crate::text::quoted;

/// The maximum length of a worker's id.
const LONGEST: usize = 128;

/// The worker that sends a request, and its user agent.
#[derive(Debug)]
pub(super) struct RequestingWorker {
    worker: String,
    agent: Option<String>,
}

impl RequestingWorker {
    pub(super) fn caller(&self) -> CallingWorker<'_> {
        CallingWorker {
            worker: &self.worker,
            agent: self.agent.as_deref(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestingWorker {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorResponse> {
        let PathParameters(worker) =
            PathParameters::<String>::from_request_parts(parts, state).await?;
        check(&worker)?;
        let agent = parts.headers.get(header::USER_AGENT);
        Ok(Self {
            worker,
            agent: agent
                .and_then(|agent| agent.to_str().ok())
                .map(|agent| quoted(agent).into_owned()),
        })
    }
}

/// Checks a worker's id, because it appears in log lines and on the page.
pub(super) fn check(worker: &str) -> Result<(), ErrorResponse> {
    if worker.len() > LONGEST || worker.chars().any(char::is_control) {
        return Err(ErrorResponse::bad_request(format!(
            "{:?} is not a valid worker id: expected at most {LONGEST} bytes without control characters",
            quoted(worker)
        )));
    }
    if worker.starts_with('$') {
        return Err(ErrorResponse::bad_request(format!(
            "the worker id is the placeholder {}; in RUNPOD_WEBHOOK_*, replace it with the value of RUNPOD_POD_ID",
            quoted(worker)
        )));
    }
    Ok(())
}
