//! Every error is JSON, those that the router makes itself too.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse as _;

use crate::answer::Answer;

/// Gives an error that is not JSON yet its shape, and keeps its other headers.
pub(super) fn as_json(response: Response<Body>) -> Response<Body> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_json(&response) {
        return response;
    }
    let mut shaped = Answer::new(status, text(status)).into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        shaped.headers_mut().insert(header::ALLOW, allow.clone());
    }
    shaped
}

fn is_json(response: &Response<Body>) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

fn text(status: StatusCode) -> String {
    match status {
        StatusCode::NOT_FOUND => "there is nothing at this path; /openapi.json lists what there is".to_owned(),
        StatusCode::METHOD_NOT_ALLOWED => {
            "this path is there, but not with this method; the header Allow lists those that it takes".to_owned()
        }
        _ => status.canonical_reason().unwrap_or("an error").to_lowercase(),
    }
}
