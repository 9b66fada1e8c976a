//! Sends the spans with the worker's HTTP client, so that the program contains only one TLS library.

use std::fmt;
use std::future::{Future, ready};
use std::net::ToSocketAddrs as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use tokio::runtime::Runtime;

use crate::error::{Error, ErrorKind, with_causes};
use crate::process::panics::caught_now;
use crate::process::threads::single;
use crate::tls;

/// The longest answer that is read. A collector normally answers with nothing or with a short message.
const LONGEST_ANSWER: usize = 64 << 10;

/// The reason why the last request failed. OpenTelemetry's exporter does not pass it on.
#[derive(Debug, Clone, Default)]
pub(super) struct Cause(Arc<Mutex<Option<String>>>);

impl Cause {
    pub(super) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, cause: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = cause;
    }
}

/// The client. It runs on the thread that exports the spans, which may block.
pub(super) struct Collector {
    runtime: Runtime,
    client: Client,
    cause: Cause,
}

impl Collector {
    /// Creates a client whose requests take at most `timeout`.
    ///
    /// # Errors
    ///
    /// Returns an error if the system refuses something that the client needs.
    pub(super) fn new(timeout: Duration, cause: Cause) -> Result<Self, Error> {
        let fault = |what: &str| Error::new(ErrorKind::System, what);
        let tls = tls::client_config()
            .map_err(|error| fault("TLS could not be set up").with_source(error))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(timeout)
            .dns_resolver(Names)
            // The headers may contain a key for exactly this address.
            .redirect(Policy::none())
            .build()
            .map_err(|error| fault("the HTTP client could not be set up").with_source(error))?;
        Ok(Self {
            runtime: single("the runtime that exports traces")?,
            client,
            cause,
        })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // A panic would end the thread, and with it the export.
        let sent = caught_now(|| self.runtime.block_on(self.exchange(request)));
        let sent = sent.unwrap_or_else(|panic| Err(panic.message.into()));
        self.cause.set(sent.as_ref().err().map(ToString::to_string));
        sent
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // A URL may contain a password.
        let shown = |error: reqwest::Error| with_causes(&error.without_url());
        let request = request.try_into().map_err(shown)?;
        let mut answer = self.client.execute(request).await.map_err(shown)?;
        let mut read = Response::new(Bytes::new());
        *read.status_mut() = answer.status();
        *read.headers_mut() = std::mem::take(answer.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(shown)? {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER {
                // Only its status counts.
                body.clear();
                break;
            }
        }
        *read.body_mut() = body.into();
        Ok(read)
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}

impl HttpClient for Collector {
    fn send_bytes<'life, 'future>(
        &'life self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'future>>
    where
        'life: 'future,
        Self: 'future,
    {
        Box::pin(ready(self.send(request)))
    }
}

/// Looks up host names on the calling thread, which has nothing else to do. reqwest's own resolver panics if the system
/// refuses a thread.
struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let found = (name.as_str(), 0).to_socket_addrs();
        Box::pin(ready(match found {
            Ok(found) => Ok(Box::new(found) as Addrs),
            Err(error) => Err(error.into()),
        }))
    }
}
