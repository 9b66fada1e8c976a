//! Who may ask. A browser lets any page send requests to this machine, so a page of another origin is turned away, by
//! what the browser says of it, and so is one that reaches this machine under a name of its own (DNS rebinding). No
//! header ever allows another origin anything.

mod host;
mod key;
mod origin;

use axum::http::{HeaderValue, Method, Request, StatusCode, header};

use super::refusal::Refusal;
use crate::answer::Answer;
use host::Hosts;
use key::ApiKey;

#[derive(Debug)]
pub(super) struct Guard {
    hosts: Hosts,
    key: Option<ApiKey>,
}

impl Guard {
    pub(super) fn new(bound: &str, api_key: Option<String>) -> Self {
        Self {
            hosts: Hosts::new(bound),
            key: api_key.map(ApiKey::new),
        }
    }

    /// # Errors
    ///
    /// The answer that the client gets instead.
    pub(super) fn admit<B>(&self, request: &Request<B>) -> Result<(), Refusal> {
        let host = self.hosts.check(request)?;
        origin::check(request, host)?;
        match &self.key {
            Some(key) if !is_open(request) && !key.is_in(request.headers()) => Err(no_key()),
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

fn no_key() -> Refusal {
    let answer = Answer::new(
        StatusCode::UNAUTHORIZED,
        "this endpoint was started with an API key: send it as `Authorization: Bearer KEY`",
    );
    Refusal::with_header(
        answer,
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer"),
    )
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod guard_tests;
