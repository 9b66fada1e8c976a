//! Requests that lead nowhere.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::answer::Answer;
use crate::endpoint::Shared;
use crate::path;

pub(crate) async fn path(State(shared): State<Shared>, uri: Uri) -> Answer {
    let about = shared.about.now();
    let id = &about.id;
    let path = path::shown(uri.path());
    let other = uri
        .path()
        .strip_prefix("/v2/")
        .and_then(|rest| rest.split('/').next())
        .filter(|endpoint| endpoint != id);
    Answer::not_found(match other {
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

pub(crate) async fn method(request: Request) -> Answer {
    let path = path::shown(request.uri().path());
    Answer::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!(
            "{path} does not take {}; the Allow header names what it takes",
            request.method()
        ),
    )
}

/// A poll hands out what is not handed out twice, so that it must not be answered without its body.
pub(crate) async fn head_of_a_poll(request: Request) -> Response {
    let mut response = method(request).await.into_response();
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("GET"));
    response
}
