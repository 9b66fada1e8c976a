//! `/local/faults`: shows, replaces and clears the faults.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::response::Response;
use axum::routing::get;

use super::config::{Faults, FaultsError};
use super::injection::Injection;
use crate::request_body::{demand_json, read_body};
use crate::response::{self, ErrorResponse};

/// The maximum size of a description. People write it by hand, so it is small.
const MOST_BYTES: usize = 1024 * 1024;

pub(crate) fn router(injection: Arc<Injection>) -> Router {
    Router::new()
        .route("/local/faults", get(show).put(set).delete(clear))
        .with_state(injection)
}

async fn show(State(injection): State<Arc<Injection>>) -> Response {
    described(&injection)
}

async fn set(
    State(injection): State<Arc<Injection>>,
    request: Request<Body>,
) -> Result<Response, ErrorResponse> {
    demand_json(request.headers())?;
    let body = read_body(request, MOST_BYTES).await?;
    let faults: Faults = std::str::from_utf8(&body)
        .map_err(|error| ErrorResponse::bad_request(format!("the body is not UTF-8: {error}")))?
        .parse()
        .map_err(|error: FaultsError| ErrorResponse::bad_request(error.to_string()))?;
    injection.set(faults);
    Ok(described(&injection))
}

async fn clear(State(injection): State<Arc<Injection>>) -> Response {
    injection.set(Faults::default());
    described(&injection)
}

fn described(injection: &Injection) -> Response {
    // Numbers and strings always serialise to JSON.
    let faults = serde_json::to_vec(&injection.faults()).unwrap_or_default();
    response::ok(faults)
}
