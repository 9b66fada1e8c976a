//! `/openapi.json`: the public API as a document of `OpenAPI` 3.1, with what the handlers take and give.

mod errors;
mod handlers;
mod operations;
mod reference;
mod schemas;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use crate::context::{Context, Description};
use crate::response;
use crate::settings::{Limits, Timing};
use handlers::HandlerSchemas;

pub(crate) fn router() -> Router<Context> {
    Router::new().route("/openapi.json", get(show))
}

async fn show(State(context): State<Context>) -> Response {
    let document = document(&context.description.now(), &context.limits, &context.timing);
    // Its keys are text, so that it always becomes JSON.
    response::ok(serde_json::to_vec(&document).unwrap_or_default())
}

pub(crate) fn document(description: &Description, limits: &Limits, timing: &Timing) -> Value {
    let handlers = HandlerSchemas::of(description);
    let mut schemas = schemas::all(&handlers, limits, timing);
    schemas.extend(handlers.components().clone());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("Runpod endpoint {}, on this machine", description.id),
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The public API of a Runpod Serverless queue endpoint, with production's rules. Every error is \
                JSON with one key, `error`. Unknown paths are answered 404, and methods that a path does not take 405 \
                with `Allow`.",
        },
        "servers": [
            {
                "url": format!("/v2/{}", description.id),
                "description": "As on Runpod: clients are given this machine's address with /v2 as their base."
            },
            { "url": "/", "description": "The same paths, for short." },
        ],
        "tags": [
            { "name": "jobs", "description": "Submit jobs and learn what became of them." },
            { "name": "queue", "description": "The endpoint as a whole." },
        ],
        "paths": operations::paths(description, limits, timing),
        "components": {
            "schemas": schemas,
            "parameters": operations::parameters(timing),
            "responses": errors::responses(description.rate_limits, limits),
            "links": operations::links(),
        },
    });
    if description.has_api_key {
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

#[cfg(test)]
mod openapi_tests;
