//! Requests that no route takes: unknown paths, other methods.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::context::Context;
use crate::response::ErrorResponse;
use crate::text::quoted;

pub(crate) async fn not_found(State(context): State<Context>, uri: Uri) -> ErrorResponse {
    let description = context.description.now();
    let id = &description.id;
    let path = quoted(uri.path());
    if let Some((name, instead)) = not_implemented(uri.path(), id) {
        return ErrorResponse::new(
            StatusCode::NOT_IMPLEMENTED,
            format!(
                "/{name} is not implemented by this local endpoint, although Runpod has it; {instead}"
            ),
        );
    }
    let other = uri
        .path()
        .strip_prefix("/v2/")
        .and_then(|rest| rest.split('/').next())
        .filter(|endpoint| endpoint != id);
    ErrorResponse::not_found(match other {
        Some(_) => format!(
            "{path}: no such endpoint here; this one is called {id}, so its paths begin with /v2/{id}/"
        ),
        None => format!(
            "there is no {path} here; a client's paths are /run, /runsync, /status/ID, /status-sync/ID, /stream/ID, \
             /cancel/ID, /retry/ID, /purge-queue and /health, with or without /v2/{id} before them; /openapi.json \
             describes them"
        ),
    })
}

/// What Runpod serves at a path and this endpoint does not, with what to do instead.
fn not_implemented(path: &str, endpoint_id: &str) -> Option<(&'static str, &'static str)> {
    let bare = path
        .strip_prefix("/v2/")
        .and_then(|rest| rest.strip_prefix(endpoint_id))
        .unwrap_or(path);
    Some(match bare.strip_prefix('/')?.split('/').next()? {
        "openai" => (
            "openai",
            "submit the job that Runpod makes of such a call, by /run or /runsync: {\"input\": {\"openai_route\": \
             \"/v1/chat/completions\", \"openai_input\": {…}}}",
        ),
        "batch" => ("batch", "submit each job of the batch by /run"),
        "requests" => (
            "requests",
            "the page at / lists the jobs, and /status/ID tells of one",
        ),
        _ => return None,
    })
}

pub(crate) async fn method_not_allowed(request: Request) -> ErrorResponse {
    let path = quoted(request.uri().path());
    ErrorResponse::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!(
            "{path} does not take {}; the Allow header names what it takes",
            request.method()
        ),
    )
}

/// A poll hands out what is not handed out twice, so that it must not be answered without its body.
pub(crate) async fn head_not_allowed(request: Request) -> Response {
    let mut response = method_not_allowed(request).await.into_response();
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET"));
    response
}
