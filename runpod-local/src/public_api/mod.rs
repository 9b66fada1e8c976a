//! What clients ask for.

mod control;
mod report;
mod result;
mod submission;
mod submit;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use result::WAIT;
pub(crate) use submission::{EXECUTION_TIMEOUT, TTL};

use crate::endpoint::Shared;
use crate::unknown;

/// Bare, and under the endpoint's own path.
pub(crate) fn router(shared: &Shared) -> Router<Shared> {
    let stream = || {
        get(result::stream)
            .post(result::stream)
            .head(unknown::head_of_a_poll)
    };
    shared.bases().fold(Router::new(), |router, base| {
        router
            .route(&format!("{base}/run"), post(submit::run))
            .route(&format!("{base}/runsync"), post(submit::runsync))
            .route(
                &format!("{base}/status/{{job}}"),
                get(result::status).post(result::status),
            )
            .route(
                &format!("{base}/status-sync/{{job}}"),
                get(result::status_sync).post(result::status_sync),
            )
            .route(&format!("{base}/stream/{{job}}"), stream())
            .route(&format!("{base}/cancel/{{job}}"), post(control::cancel))
            .route(&format!("{base}/retry/{{job}}"), post(control::retry))
            .route(&format!("{base}/purge-queue"), post(control::purge))
            .route(&format!("{base}/health"), get(control::health))
    })
}
