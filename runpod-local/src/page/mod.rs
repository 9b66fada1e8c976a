//! The page in the browser, and what it asks for: the state of the endpoint, one job, and events. Jobs are submitted,
//! cancelled and retried through the public API, as any client does it.

mod assets;
mod batch;
mod events;
mod state;

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
