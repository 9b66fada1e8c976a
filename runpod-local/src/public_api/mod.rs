//! The API for clients.

mod control;
mod openai;
mod status;
mod submit;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use status::WAIT;
pub(crate) use submit::{EXECUTION_TIMEOUT, TTL};

use crate::context::Context;
use crate::fallback;

/// Creates the routes, with and without the endpoint's prefix.
pub(crate) fn router(context: &Context) -> Router<Context> {
    let stream = || {
        get(status::stream)
            .post(status::stream)
            .head(fallback::head_not_allowed)
    };
    context.bases().fold(Router::new(), |router, base| {
        router
            .route(&format!("{base}/run"), post(submit::run))
            .route(&format!("{base}/runsync"), post(submit::runsync))
            .route(
                &format!("{base}/status/{{job}}"),
                get(status::status).post(status::status),
            )
            .route(
                &format!("{base}/status-sync/{{job}}"),
                get(status::status_sync).post(status::status_sync),
            )
            .route(&format!("{base}/stream/{{job}}"), stream())
            .route(&format!("{base}/cancel/{{job}}"), post(control::cancel))
            .route(&format!("{base}/retry/{{job}}"), post(control::retry))
            .route(&format!("{base}/purge-queue"), post(control::purge))
            .route(&format!("{base}/health"), get(control::health))
            .route(
                &format!("{base}/openai/{{*route}}"),
                get(openai::call)
                    .post(openai::call)
                    .head(fallback::head_not_allowed),
            )
    })
}
