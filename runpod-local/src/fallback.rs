//! Answers requests that match no route: unknown paths and methods.

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
                "this local endpoint does not implement /{name}, although Runpod does; {instead}"
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
            "{path}: there is no such endpoint here; the id of this endpoint is {id}, so its paths begin with /v2/{id}/"
        ),
        None => format!(
            "there is no path {path} here; clients can use /run, /runsync, /status/ID, /status-sync/ID, /stream/ID, \
             /cancel/ID, /retry/ID, /purge-queue, /health and /openai/v1/…, with or without the prefix /v2/{id}; /openapi.json \
             describes these paths"
        ),
    })
}

/// Returns the name of an operation that Runpod has and this endpoint lacks, and what to use instead.
fn not_implemented(path: &str, endpoint_id: &str) -> Option<(&'static str, &'static str)> {
    let bare = path
        .strip_prefix("/v2/")
        .and_then(|rest| rest.strip_prefix(endpoint_id))
        .unwrap_or(path);
    Some(match bare.strip_prefix('/')?.split('/').next()? {
        "batch" => ("batch", "send each job of the batch to /run"),
        "requests" => (
            "requests",
            "the page at / lists the jobs, and /status/ID returns a single job",
        ),
        _ => return None,
    })
}

pub(crate) async fn method_not_allowed(request: Request) -> ErrorResponse {
    let path = quoted(request.uri().path());
    ErrorResponse::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!(
            "{path} does not allow {}; the Allow header lists the allowed methods",
            request.method()
        ),
    )
}

/// Rejects HEAD for polls. A poll hands out items or jobs only once, so they would be lost in an answer without a
/// body.
pub(crate) async fn head_not_allowed(request: Request) -> Response {
    let mut response = method_not_allowed(request).await.into_response();
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET"));
    response
}
