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

use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};

use super::kind::Kind;
use crate::access::Access;
use crate::operation::Operation;
use crate::response::ErrorResponse;
use host::Hosts;
pub(crate) use key::ApiKey;
pub(super) use origin::AllowedOrigin;

/// The key that workers send to an endpoint without an API key. It is not secret, but no web page can send it: a
/// request for an image does not have this header, and a script needs permission to send it.
pub(crate) const WORKER_KEY: &str = "local";

#[derive(Debug)]
pub(super) struct Guard {
    kind: Kind,
    hosts: Hosts,
    access: Access,
    key: Option<ApiKey>,
    worker_key: ApiKey,
}

impl Guard {
    pub(super) fn new(kind: Kind, bound: &str, api_key: Option<String>, access: Access) -> Self {
        let worker_key = api_key.clone().unwrap_or_else(|| WORKER_KEY.to_owned());
        Self {
            kind,
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
        origin::check(request, self.kind, host, &self.access)
    }

    /// Checks the key of a request.
    ///
    /// # Errors
    ///
    /// Fails with the answer for the client.
    pub(super) fn key<B>(&self, request: &Request<B>) -> Result<(), ErrorResponse> {
        if self.kind == Kind::Queue
            && Operation::is_workers_path(request.uri().path())
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
            Some(key) if !is_open(self.kind, request) && !key.is_in(request.headers()) => {
                Err(unauthorized(
                    "this endpoint has an API key: send it as `Authorization: Bearer KEY`",
                ))
            }
            _ => Ok(()),
        }
    }
}

/// Returns whether the request needs no key. This is the case for the page, which asks for the key, and for the API
/// description, which mentions it. A load balancer itself decides about `/`, which may be a worker's.
fn is_open<B>(kind: Kind, request: &Request<B>) -> bool {
    let path = request.uri().path();
    let is_page = path == "/local/page" || path.starts_with("/local/page/");
    let is_open = match kind {
        Kind::Queue => is_page || path == "/" || path == "/openapi.json",
        Kind::Balancer => is_page || (path == "/" && accepts_html(request.headers())),
    };
    matches!(*request.method(), Method::GET | Method::HEAD) && is_open
}

/// Returns whether the client is a browser that opens a page.
pub(crate) fn accepts_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"))
}

fn unauthorized(text: &str) -> ErrorResponse {
    ErrorResponse::new(StatusCode::UNAUTHORIZED, text)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod guard_tests;
