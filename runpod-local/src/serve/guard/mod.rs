//! Decides which requests are admitted.
//!
//! A browser lets any web page send requests to this machine. A page of another origin is therefore refused, based on
//! what the browser reports about it. A page that reaches this machine under a host name of its own (DNS rebinding)
//! is refused too. When a page loads an image, a browser on another machine reports nothing about the page. The
//! workers' paths therefore always require a header that only code can send. Names and origins that the user allows
//! are admitted.

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

/// The key that workers send to an endpoint without an API key. It is not secret, but no web page can send it: a
/// request for an image does not have this header, and a script needs permission to send it.
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

    /// Checks the host and the origin of a request. Returns the origin if it is not the endpoint's own and the user
    /// has allowed it.
    ///
    /// # Errors
    ///
    /// Fails with the answer for the client.
    pub(super) fn origin<B>(
        &self,
        request: &Request<B>,
    ) -> Result<Option<AllowedOrigin>, ErrorResponse> {
        let host = self.hosts.check(request, &self.access)?;
        origin::check(request, host, &self.access)
    }

    /// Checks the key of a request.
    ///
    /// # Errors
    ///
    /// Fails with the answer for the client.
    pub(super) fn key<B>(&self, request: &Request<B>) -> Result<(), ErrorResponse> {
        if Operation::is_workers_path(request.uri().path())
            && !self.worker_key.is_in(request.headers())
        {
            return Err(if self.key.is_some() {
                unauthorized(
                    "this endpoint has an API key, which workers must send too: set RUNPOD_AI_API_KEY to the key in the worker's \
                     environment",
                )
            } else {
                unauthorized(
                    "this path is for workers, and the key of workers is missing: set RUNPOD_AI_API_KEY=local in the worker's \
                     environment, so that it sends `Authorization: local`",
                )
            });
        }
        match &self.key {
            Some(key) if !is_open(request) && !key.is_in(request.headers()) => Err(unauthorized(
                "this endpoint has an API key: send it as `Authorization: Bearer KEY`",
            )),
            _ => Ok(()),
        }
    }
}

/// Returns whether the request needs no key. This is the case for the page, which asks for the key, and for the API
/// description, which mentions it.
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
