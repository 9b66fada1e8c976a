//! Sends requests to one registry.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RANGE,
    RETRY_AFTER,
};
use reqwest::{Method, Response, StatusCode, Url};
use rustls::{ClientConfig, RootCertStore};

use super::access::{self, Access};
use super::credentials::Credentials;
use super::name::Name;
use super::pause::Pauses;
use super::trouble::{self, Trouble};
use crate::failure::Failure;

/// The time limit for connecting.
const CONNECT: Duration = Duration::from_secs(15);
/// The time limit for a request with its body. A part of an upload takes that long at 50 kilobytes per second.
const WHOLE: Duration = Duration::from_mins(10);

pub(crate) struct Client {
    http: reqwest::Client,
    name: Name,
    access: Access,
}

/// A request that can be sent more than once.
#[derive(Debug, Clone)]
pub(super) struct Request {
    method: Method,
    url: String,
    headers: Vec<(HeaderName, String)>,
    body: Bytes,
    scopes: Vec<String>,
}

impl Request {
    pub(super) fn new(method: Method, url: String) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Bytes::new(),
            scopes: Vec::new(),
        }
    }

    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }

    pub(super) fn scope(mut self, scope: String) -> Self {
        self.scopes.push(scope);
        self
    }
}

impl Client {
    pub(crate) fn new(name: Name, credentials: Option<Credentials>) -> Result<Self, Failure> {
        let http = build(&name).map_err(|error| {
            Failure::new(format!("the HTTP client could not be set up: {error}"))
        })?;
        Ok(Self {
            http,
            name,
            access: Access::new(credentials),
        })
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    /// The permission to read from and, for a push, to write to a repository.
    pub(super) fn scope(repository: &str, actions: &str) -> String {
        format!("repository:{repository}:{actions}")
    }

    fn pull(&self) -> String {
        Self::scope(self.name.repository(), "pull")
    }

    pub(super) fn push(&self) -> String {
        Self::scope(self.name.repository(), "pull,push")
    }

    /// Returns a manifest and its type.
    pub(crate) async fn manifest(
        &self,
        version: &str,
        types: &str,
    ) -> Result<(String, Bytes), Trouble> {
        let url = self.name.url(&format!("manifests/{version}"));
        let request = Request::new(Method::GET, url)
            .header(ACCEPT, types)
            .scope(self.pull());
        self.retried(&request, async |answer| {
            let of = answer.headers().get(CONTENT_TYPE);
            let of = of.and_then(|of| of.to_str().ok()).unwrap_or_default();
            // Parameters such as a character set are not part of the type.
            let of = of.split(';').next().unwrap_or_default().trim().to_owned();
            Ok((of, body(answer).await?))
        })
        .await
    }

    /// Returns `length` bytes of a blob from `offset` on.
    pub(crate) async fn part(
        &self,
        digest: &str,
        offset: u64,
        length: u64,
    ) -> Result<Bytes, Trouble> {
        let last = offset + length - 1;
        let request = Request::new(Method::GET, self.name.url(&format!("blobs/{digest}")))
            .header(RANGE, format!("bytes={offset}-{last}"))
            .scope(self.pull());
        self.retried(&request, async |answer| {
            let is_whole = answer.status() != StatusCode::PARTIAL_CONTENT;
            let mut skipped = if is_whole { offset } else { 0 };
            let mut part = Vec::new();
            let mut answer = answer;
            while let Some(piece) = answer
                .chunk()
                .await
                .map_err(|error| Trouble::of_connection(&error))?
            {
                let skip = skipped.min(piece.len() as u64);
                skipped -= skip;
                let piece = &piece[usize::try_from(skip).unwrap_or(piece.len())..];
                let missing = length - part.len() as u64;
                let taken = missing.min(piece.len() as u64);
                part.extend_from_slice(&piece[..usize::try_from(taken).unwrap_or(piece.len())]);
                if part.len() as u64 == length {
                    return Ok(Bytes::from(part));
                }
            }
            Err(Trouble::Connection(format!(
                "the blob {digest} ended at byte {} of {}",
                offset + part.len() as u64,
                offset + length
            )))
        })
        .await
    }

    /// Returns a small blob, after its digest is verified.
    pub(crate) async fn blob(&self, digest: &str) -> Result<Bytes, Trouble> {
        let request =
            Request::new(Method::GET, self.name.url(&format!("blobs/{digest}"))).scope(self.pull());
        let found = self.retried(&request, body).await?;
        let its = crate::image::digest::of(&found);
        if its == digest {
            Ok(found)
        } else {
            Err(Trouble::Unreadable(format!(
                "the blob {digest} has the digest {its}"
            )))
        }
    }

    /// Tells whether the repository has a blob.
    pub(crate) async fn has(&self, digest: &str) -> Result<bool, Trouble> {
        let request = Request::new(Method::HEAD, self.name.url(&format!("blobs/{digest}")))
            .scope(self.push());
        match self.retried(&request, async |_| Ok(())).await {
            Ok(()) => Ok(true),
            Err(trouble) if trouble.status() == Some(StatusCode::NOT_FOUND) => Ok(false),
            Err(trouble) => Err(trouble),
        }
    }

    pub(crate) async fn put_manifest(&self, of: &str, manifest: Bytes) -> Result<(), Trouble> {
        let url = format!("manifests/{}", self.name.version());
        let request = Request::new(Method::PUT, self.name.url(&url))
            .header(CONTENT_TYPE, of)
            .body(manifest)
            .scope(self.push());
        self.retried(&request, async |_| Ok(())).await
    }

    /// Sends the request, and repeats it while that may help.
    pub(super) async fn retried<T>(
        &self,
        request: &Request,
        read: impl AsyncFn(Response) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut pauses = Pauses::default();
        loop {
            let answer = match self.once(request).await {
                Ok(answer) => read(answer).await,
                Err(trouble) => Err(trouble),
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(trouble) => pauses.after(trouble).await?,
            }
        }
    }

    /// Sends the request once, and a second time if the registry demands a login.
    pub(super) async fn once(&self, request: &Request) -> Result<Response, Trouble> {
        let url = Url::parse(&request.url)
            .map_err(|error| Trouble::Unreadable(format!("{}: {error}", request.url)))?;
        // An upload's address may be another server's, which must not see the credentials.
        let is_own = url.origin() == self.name.address().origin();
        let (access, http, scopes) = (&self.access, &self.http, &request.scopes);
        let plain = |realm: &Url| self.name.allows_plain(realm);
        let known = if is_own {
            access.known(http, scopes, &plain).await?
        } else {
            None
        };
        let answer = self.send(request, url.clone(), known.clone()).await?;
        let answer = if access::is_demand(answer.status()) && is_own {
            let header = access
                .answer(http, answer.headers(), known.as_ref(), scopes, &plain)
                .await?;
            match header {
                Some(header) => self.send(request, url, Some(header)).await?,
                None => answer,
            }
        } else {
            answer
        };
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(self.refused(answer).await)
    }

    async fn send(
        &self,
        request: &Request,
        url: Url,
        authorization: Option<HeaderValue>,
    ) -> Result<Response, Trouble> {
        let mut sent = self.http.request(request.method.clone(), url);
        for (name, value) in &request.headers {
            sent = sent.header(name, value);
        }
        if let Some(header) = authorization {
            sent = sent.header(AUTHORIZATION, header);
        }
        if request.method != Method::GET && request.method != Method::HEAD {
            sent = sent.body(request.body.clone());
        }
        sent.send()
            .await
            .map_err(|error| Trouble::of_connection(&error))
    }

    async fn refused(&self, answer: Response) -> Trouble {
        let status = answer.status();
        let retry_after = retry_after(answer.headers());
        let body = answer.bytes().await.unwrap_or_default();
        Trouble::Refused {
            status,
            message: self.access.redacted(trouble::message(&body)),
            retry_after,
            had_credentials: self.access.has_credentials(),
        }
    }

    /// Returns the address in the header `Location`, which may be relative.
    pub(super) fn location(&self, answer: &Response) -> Result<String, Trouble> {
        let location = answer.headers().get(LOCATION);
        let location = location.and_then(|location| location.to_str().ok());
        let location = location.ok_or_else(|| {
            Trouble::Unreadable("it has no header Location for the upload".to_owned())
        })?;
        let url = self.name.address().join(location);
        let url = url.map_err(|error| Trouble::Unreadable(format!("{location}: {error}")))?;
        Ok(url.into())
    }
}

async fn body(answer: Response) -> Result<Bytes, Trouble> {
    answer
        .bytes()
        .await
        .map_err(|error| Trouble::of_connection(&error))
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?;
    Some(Duration::from_secs(seconds.trim().parse().ok()?))
}

fn build(name: &Name) -> Result<reqwest::Client, Box<dyn std::error::Error + Send + Sync>> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT)
        .timeout(WHOLE)
        .tcp_nodelay(true)
        // A layer is compressed itself, and its digest is that of the compressed bytes.
        .no_gzip()
        .no_deflate()
        .user_agent(concat!("cargo-runpod/", env!("CARGO_PKG_VERSION")));
    let builder = if name.is_on_this_machine() {
        builder.no_proxy()
    } else {
        builder
    };
    Ok(builder.build()?)
}
