//! `/openapi.json`: the public API as a document of `OpenAPI` 3.1, with what the handlers take and give.

mod errors;
mod handlers;
mod operations;
mod schemas;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Map, Value, json};

use crate::answer;
use crate::endpoint::{About, Shared};
use crate::settings::{Limits, Timing};
use handlers::Handlers;

pub(crate) fn router() -> Router<Shared> {
    Router::new().route("/openapi.json", get(show))
}

async fn show(State(shared): State<Shared>) -> Response {
    let document = document(&shared.about.now(), &shared.limits, &shared.timing);
    // Its keys are text, so that it always becomes JSON.
    answer::json(
        StatusCode::OK,
        serde_json::to_vec(&document).unwrap_or_default(),
    )
}

pub(crate) fn document(about: &About, limits: &Limits, timing: &Timing) -> Value {
    let handlers = Handlers::of(about);
    let mut schemas = schemas::all(&handlers, limits, timing);
    schemas.extend(handlers.components().clone());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("Runpod endpoint {}, on this machine", about.id),
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The public API of a Runpod Serverless queue endpoint, with production's rules. Every error is \
                JSON with one key, `error`. Unknown paths are answered 404, and methods that a path does not take 405 \
                with `Allow`.",
        },
        "servers": [
            {
                "url": format!("/v2/{}", about.id),
                "description": "As on Runpod: clients are given this machine's address with /v2 as their base."
            },
            { "url": "/", "description": "The same paths, for short." },
        ],
        "tags": [
            { "name": "jobs", "description": "Submit jobs and learn what became of them." },
            { "name": "queue", "description": "The endpoint as a whole." },
        ],
        "paths": operations::paths(about, limits, timing),
        "components": {
            "schemas": schemas,
            "parameters": operations::parameters(timing),
            "responses": errors::responses(about.rate_limits, limits),
            "links": operations::links(),
        },
    });
    if about.has_api_key {
        document["security"] = json!([{ "apiKey": [] }]);
        document["components"]["securitySchemes"] = json!({
            "apiKey": {
                "type": "http",
                "scheme": "bearer",
                "description": "The key that this endpoint was started with.",
            }
        });
    }
    document
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// An object of the values that these names refer to.
fn references<'a>(
    kind: &str,
    names: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Map<String, Value> {
    names
        .into_iter()
        .map(|(key, name)| (key.to_owned(), reference(kind, name)))
        .collect()
}

#[cfg(test)]
#[path = "openapi/openapi_tests.rs"]
mod openapi_tests;
