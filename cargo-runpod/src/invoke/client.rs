//! Sends single requests to the endpoint. Each returns the answer, or the reason why there is none.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::health::Health;
use super::key::Key;
use super::report::{Purged, Report, Streamed, Submitted};
use super::target::Target;
use super::trouble::{self, Trouble};
use crate::dev_endpoint::Owner;
use crate::failure::Failure;

/// The time limit for connecting.
const CONNECT: Duration = Duration::from_secs(10);
/// The time limit for an answer that the endpoint gives immediately.
const AT_ONCE: Duration = Duration::from_secs(30);
/// The time limit for extra information. The job continues without it.
const BESIDE: Duration = Duration::from_secs(5);
/// The time limit for an answer that the endpoint holds open, or that follows a large request.
const HELD: Duration = Duration::from_mins(2);

#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    target: Target,
}

impl Client {
    pub(super) fn new(target: Target) -> Result<Self, Failure> {
        let http = build(target.key.as_ref(), target.is_here).map_err(|error| {
            Failure::new(format!("the HTTP client could not be set up: {error}"))
        })?;
        Ok(Self { http, target })
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    pub(super) async fn run(&self, body: &[u8]) -> Result<String, Trouble> {
        let request = self.request(Method::POST, "run", HELD).body(body.to_vec());
        let submitted: Submitted = self.answer(request).await?;
        Ok(submitted.id)
    }

    pub(super) async fn status(&self, id: &str) -> Result<Report, Trouble> {
        let path = format!("status/{id}");
        self.answer(self.request(Method::GET, &path, AT_ONCE)).await
    }

    pub(super) async fn stream(&self, id: &str) -> Result<Streamed, Trouble> {
        let path = format!("stream/{id}");
        self.answer(self.request(Method::GET, &path, HELD)).await
    }

    pub(super) async fn cancel(&self, id: &str) -> Result<Report, Trouble> {
        let path = format!("cancel/{id}");
        self.answer(self.request(Method::POST, &path, AT_ONCE))
            .await
    }

    pub(super) async fn health(&self) -> Result<Health, Trouble> {
        self.answer(self.request(Method::GET, "health", BESIDE))
            .await
    }

    /// Returns the answer of `GET /health` as it was written.
    pub(super) async fn health_text(&self) -> Result<Box<RawValue>, Trouble> {
        self.answer(self.request(Method::GET, "health", AT_ONCE))
            .await
    }

    /// Removes the waiting jobs, and returns how many there were.
    pub(super) async fn purge(&self) -> Result<u64, Trouble> {
        let request = self.request(Method::POST, "purge-queue", AT_ONCE);
        let purged: Purged = self.answer(request).await?;
        Ok(purged.removed)
    }

    /// Returns the `cargo runpod dev` that serves the endpoint.
    pub(super) async fn owner(&self) -> Result<Owner, Trouble> {
        self.answer(self.request(Method::GET, "local/owner", BESIDE))
            .await
    }

    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        timeout: Duration,
    ) -> reqwest::RequestBuilder {
        let url = format!("{}/{path}", self.target.url);
        self.http.request(method, url).timeout(timeout)
    }

    pub(super) async fn answer<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<T, Trouble> {
        let answer = request.send().await.map_err(trouble::of_connection)?;
        let status = answer.status();
        let retry_after = retry_after(answer.headers());
        let body = answer.bytes().await.map_err(trouble::of_connection)?;
        if !status.is_success() {
            let mut message = trouble::message(&body);
            if let Some(key) = &self.target.key {
                message = key.redact(&message);
            }
            return Err(Trouble::Refused {
                status,
                message,
                retry_after,
            });
        }
        serde_json::from_slice(&body).map_err(|error| Trouble::Unreadable(error.to_string()))
    }
}

/// Returns the pause in seconds from `Retry-After`. The form with a date is ignored, because no such server sends it.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// Builds an HTTP client that sends the key with every request. An address on this machine is reached without a proxy.
pub(crate) fn build(
    key: Option<&Key>,
    is_here: bool,
) -> Result<reqwest::Client, Box<dyn std::error::Error + Send + Sync>> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(header) = key.and_then(Key::header) {
        headers.insert(AUTHORIZATION, header);
    }
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .default_headers(headers)
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        // Following a redirect could send the key to another address.
        .redirect(Policy::none())
        .user_agent(concat!("cargo-runpod/", env!("CARGO_PKG_VERSION")));
    let builder = if is_here { builder.no_proxy() } else { builder };
    Ok(builder.build()?)
}
