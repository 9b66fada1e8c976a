//! `/openapi.json`: describes the public API in `OpenAPI` 3.1, with the inputs and outputs of the handlers.

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
    // All keys of the document are strings, so it always serialises to JSON.
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
            "description": "The public API of a Runpod Serverless queue endpoint, with the rules of production. Every error is \
                JSON with the single key `error`. Unknown paths are answered with 404. Methods that a path does not allow are \
                answered with 405 and the header `Allow`.",
        },
        "servers": [
            {
                "url": format!("/v2/{}", description.id),
                "description": "The paths as on Runpod, below `/v2/ID`. Give clients this machine's address with /v2 as their base URL."
            },
            { "url": "/", "description": "The paths without the prefix `/v2/ID`." },
        ],
        "tags": [
            { "name": "jobs", "description": "Submit jobs and get their results." },
            { "name": "queue", "description": "Operations on the whole endpoint." },
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
                "description": "The API key of this endpoint.",
            }
        });
    }
    document
}

#[cfg(test)]
mod openapi_tests;
