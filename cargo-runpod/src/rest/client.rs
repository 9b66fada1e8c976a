//! Sends requests to the API, and retries them if that is safe.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Method, Response};
use serde::de::DeserializeOwned;
use tokio::time::sleep;

use super::address::{Address, Api};
use super::catalogue::{Cpus, DataCenters, Gpus, Registries, Template};
use super::endpoint::{Body, Endpoint, Endpoints};
use super::error::{self, RestError};
use super::rate;
use super::worker::{Releases, Workers};
use crate::failure::Failure;
use crate::invoke::client::build;
use crate::invoke::key::Key;
use crate::invoke::retries::Retries;
use crate::invoke::trouble::{self, Trouble};

/// The time limit for an answer.
const ANSWER: Duration = Duration::from_mins(1);

#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    is_here: bool,
    key: Arc<Key>,
}

impl Client {
    pub(crate) fn new(api: &Api) -> Result<Self, Failure> {
        let Address { url, is_here, key } = Address::of(api)?;
        let http = build(Some(&key), is_here).map_err(|error| {
            Failure::new(format!("the HTTP client could not be set up: {error}"))
        })?;
        Ok(Self {
            http,
            url,
            is_here,
            key: Arc::new(key),
        })
    }

    /// Tells whether the API is on this machine.
    pub(crate) fn is_here(&self) -> bool {
        self.is_here
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn endpoints(&self) -> Result<Vec<Endpoint>, RestError> {
        let answer: Endpoints = self.get("/serverless").await?;
        Ok(answer.endpoints)
    }

    pub(crate) async fn create(&self, body: &Body) -> Result<Endpoint, RestError> {
        self.json(Method::POST, "/serverless", Some(body)).await
    }

    pub(crate) async fn update(&self, id: &str, body: &Body) -> Result<Endpoint, RestError> {
        let path = format!("/serverless/{}", part(id));
        self.json(Method::PATCH, &path, Some(body)).await
    }

    pub(crate) async fn delete(&self, id: &str) -> Result<(), RestError> {
        let path = format!("/serverless/{}", part(id));
        self.send(Method::DELETE, &path, None).await.map(|_| ())
    }

    pub(crate) async fn workers(&self, id: &str) -> Result<Workers, RestError> {
        self.get(&format!("/serverless/{}/workers", part(id))).await
    }

    pub(crate) async fn releases(&self, id: &str) -> Result<Releases, RestError> {
        self.get(&format!("/serverless/{}/releases", part(id)))
            .await
    }

    pub(crate) async fn template(&self, id: &str) -> Result<Template, RestError> {
        self.get(&format!("/templates/{}", part(id))).await
    }

    pub(crate) async fn registries(&self) -> Result<Registries, RestError> {
        self.get("/registries").await
    }

    pub(crate) async fn gpus(&self) -> Result<Gpus, RestError> {
        self.get("/catalog/gpus").await
    }

    pub(crate) async fn cpus(&self) -> Result<Cpus, RestError> {
        self.get("/catalog/cpus").await
    }

    pub(crate) async fn data_centers(&self) -> Result<DataCenters, RestError> {
        self.get("/catalog/datacenters").await
    }

    /// Opens a stream of server-sent events. The caller retries, because it knows where to continue.
    pub(super) async fn open(
        &self,
        path: &str,
        query: &[(&str, String)],
        last_event: Option<&str>,
    ) -> Result<Response, RestError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(id) = last_event.and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert("last-event-id", id);
        }
        let pairs: Vec<String> = query
            .iter()
            .map(|(key, value)| format!("{key}={}", part(value)))
            .collect();
        let full = if pairs.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", pairs.join("&"))
        };
        let request = self
            .http
            .get(format!("{}{full}", self.url))
            .headers(headers);
        let answer = request
            .send()
            .await
            .map_err(trouble::of_connection)
            .map_err(|trouble| self.error(&Method::GET, path, trouble))?;
        self.accepted(&Method::GET, path, answer).await
    }

    /// Returns pauses for a caller that retries by itself.
    pub(super) fn retries(&self) -> Retries {
        let seconds = if self.is_here { 10 } else { 120 };
        Retries::new(Duration::from_secs(seconds), self.is_here)
    }

    pub(super) fn error(&self, method: &Method, path: &str, trouble: Trouble) -> RestError {
        RestError {
            trouble,
            request: format!("{method} {path}"),
            url: self.url.clone(),
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, RestError> {
        self.json(Method::GET, path, None).await
    }

    async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Body>,
    ) -> Result<T, RestError> {
        let body = body.map(serde_json::to_vec).transpose();
        let body = body
            .map_err(|error| self.error(&method, path, Trouble::Unreadable(error.to_string())))?;
        let answer = self.send(method.clone(), path, body.as_deref()).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| self.error(&method, path, Trouble::Unreadable(error.to_string())))
    }

    /// Sends a request. A request that was certainly not processed is sent again; a request that may have been
    /// processed only if it changes nothing.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<Vec<u8>, RestError> {
        let mut retries = Retries::new(
            Duration::from_secs(if self.is_here { 10 } else { 60 }),
            self.is_here,
        );
        loop {
            let error = match self.attempt(&method, path, body).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let is_pointless = self.is_here && matches!(error.trouble, Trouble::NotConnected(_));
            let is_safe = method == Method::GET && error.trouble.is_transient()
                || error.trouble.was_not_accepted();
            if !is_safe || is_pointless {
                return Err(error);
            }
            let is_first = retries.is_first();
            let Some(pause) = retries.next(&error.trouble) else {
                return Err(error);
            };
            if is_first {
                // If stderr is closed, the retry continues anyway.
                let _ = writeln!(
                    io::stderr(),
                    "note: {method} {path}: {} {}; retrying for up to {} s",
                    self.url,
                    error.trouble.told(),
                    retries.limit().as_secs()
                );
            }
            sleep(pause).await;
        }
    }

    async fn attempt(
        &self,
        method: &Method,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<Vec<u8>, RestError> {
        let broken = |error| self.error(method, path, trouble::of_connection(error));
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.url))
            .timeout(ANSWER);
        if let Some(body) = body {
            request = request.body(body.to_vec());
        }
        let answer = request.send().await.map_err(broken)?;
        let answer = self.accepted(method, path, answer).await?;
        Ok(answer.bytes().await.map_err(broken)?.to_vec())
    }

    async fn accepted(
        &self,
        method: &Method,
        path: &str,
        answer: Response,
    ) -> Result<Response, RestError> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let retry_after = rate::pause(answer.headers());
        // Without a body, the status alone is reported.
        let body = answer.bytes().await.unwrap_or_default();
        Err(self.error(
            method,
            path,
            Trouble::Refused {
                status,
                message: self.key.redact(&error::message(&body)),
                retry_after,
            },
        ))
    }
}

/// Encodes a part of a path or of a query.
pub(super) fn part(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn an_id_cannot_lead_to_another_path() {
        assert_eq!(part("ep_1-a.b"), "ep_1-a.b");
        assert_eq!(part("a/../b?c#d ä"), "a%2F..%2Fb%3Fc%23d%20%C3%A4");
    }
}
