//! The web page and its own requests: the state of the endpoint, a single job, and events. The page submits, cancels
//! and retries jobs through the public API, like any client.

mod assets;
mod batch;
mod events;
mod state;

pub(crate) use assets::{asset, call_page};

use axum::Router;
use axum::routing::get;

use crate::context::Context;

pub(crate) fn router() -> Router<Context> {
    Router::new()
        .route("/", get(assets::page))
        .route("/local/page/{name}", get(assets::asset))
        .route("/local/state", get(state::state))
        .route("/local/jobs/{id}", get(state::job))
        .route("/local/events", get(events::events))
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod page_tests;
