//! The endpoint's owner. A client on the same machine uses this document to distinguish the endpoint of its own
//! project from other endpoints.

use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::get;
use serde_json::Value;

use crate::context::Context;
use crate::response::{self, ErrorResponse};

/// Creates the route `GET /local/owner`.
pub(crate) fn router(owner: Option<Value>) -> Router<Context> {
    let owner = owner.map(|owner| owner.to_string());
    let shown = move || async move {
        match owner {
            Some(owner) => response::ok(owner),
            None => ErrorResponse::not_found("this endpoint has no owner").into_response(),
        }
    };
    Router::new().route("/local/owner", get(shown))
}
