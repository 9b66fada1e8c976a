//! Who may ask. A browser lets any page send requests to this machine, so a page of another origin is turned away, by
//! what the browser says of it, and so is one that reaches this machine under a name of its own (DNS rebinding). A
//! browser on another machine says nothing of the page that has it fetch an image, so that what workers ask for always
//! needs a header that only code can send. Names and origins that the user allows are let in.

mod host;
mod key;
mod origin;

use axum::http::{HeaderValue, Method, Request, StatusCode, header};

use crate::access::Access;
use crate::operation::Operation;
use crate::response::ErrorResponse;
use host::Hosts;
use key::ApiKey;
pub(super) use origin::AllowedOrigin;

/// What workers send as their key to an endpoint that has none. It is no secret; but no page can send it, as an image's
/// request has no such header, and a script's would have to ask before.
pub(crate) const WORKER_KEY: &str = "local";

#[derive(Debug)]
pub(super) struct Guard {
    hosts: Hosts,
    access: Access,
    key: Option<ApiKey>,
    worker_key: ApiKey,
}

impl Guard {
    pub(super) fn new(bound: &str, api_key: Option<String>, access: Access) -> Self {
        let worker_key = api_key.clone().unwrap_or_else(|| WORKER_KEY.to_owned());
        Self {
            hosts: Hosts::new(bound),
            access,
            key: api_key.map(ApiKey::new),
            worker_key: ApiKey::new(worker_key),
        }
    }

    /// Looks at the host that was asked and the page that asks; gives the other origin that was allowed.
    ///
    /// # Errors
    ///
    /// The answer that the client gets instead.
    pub(super) fn origin<B>(
        &self,
        request: &Request<B>,
    ) -> Result<Option<AllowedOrigin>, ErrorResponse> {
        let host = self.hosts.check(request, &self.access)?;
        origin::check(request, host, &self.access)
    }

    /// Looks at the key.
    ///
    /// # Errors
    ///
    /// The answer that the client gets instead.
    pub(super) fn key<B>(&self, request: &Request<B>) -> Result<(), ErrorResponse> {
        if Operation::is_workers_path(request.uri().path())
            && !self.worker_key.is_in(request.headers())
        {
            return Err(if self.key.is_some() {
                unauthorized(
                    "this endpoint was started with an API key, and workers send it as well: set RUNPOD_AI_API_KEY to it in \
                     the worker's environment",
                )
            } else {
                unauthorized(
                    "this path is for workers, and their key is missing: set RUNPOD_AI_API_KEY=local in the worker's \
                     environment, so that it sends `Authorization: local`",
                )
            });
        }
        match &self.key {
            Some(key) if !is_open(request) && !key.is_in(request.headers()) => Err(unauthorized(
                "this endpoint was started with an API key: send it as `Authorization: Bearer KEY`",
            )),
            _ => Ok(()),
        }
    }
}

/// What is there without a key: the page, which asks for the key, and the description that names it.
fn is_open<B>(request: &Request<B>) -> bool {
    let path = request.uri().path();
    matches!(*request.method(), Method::GET | Method::HEAD)
        && (path == "/" || path == "/openapi.json" || path.starts_with("/local/page/"))
}

fn unauthorized(text: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::UNAUTHORIZED, text)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod guard_tests;
