//! The API for workers: polls and posts.

mod caller;
mod oversized_item;
mod ping;
mod polls;
mod posts;

use axum::Router;
use axum::routing::{MethodRouter, get, post};

use crate::context::Context;
use crate::fallback;

/// Creates the routes, with and without the endpoint's prefix.
pub(crate) fn router(context: &Context) -> Router<Context> {
    let poll = |polled: MethodRouter<Context>| polled.head(fallback::head_not_allowed);
    context.bases().fold(Router::new(), |router, base| {
        router
            .route(
                &format!("{base}/job-take/{{worker}}"),
                poll(get(polls::take)),
            )
            .route(
                &format!("{base}/job-take-batch/{{worker}}"),
                poll(get(polls::take_batch)),
            )
            .route(
                &format!("{base}/job-stop/{{worker}}"),
                poll(get(polls::stop)),
            )
            .route(&format!("{base}/ping/{{worker}}"), poll(get(ping::ping)))
            .route(
                &format!("{base}/job-stream/{{worker}}/{{job}}"),
                post(posts::stream),
            )
            .route(
                &format!("{base}/job-done/{{worker}}/{{job}}"),
                post(posts::done),
            )
    })
}
