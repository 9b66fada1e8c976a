//! Delivers results to webhooks on the clients' own servers.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::job_body;
use crate::queue::{LogLine, Queue, WebhookCall};
use crate::settings::{Limits, Timing};

/// The number of attempts: the first one and two retries.
const ATTEMPTS: u32 = 3;

/// Calls webhooks until the endpoint shuts down.
pub(crate) async fn deliver(queue: Queue, limits: Arc<Limits>, timing: Arc<Timing>) {
    let mut calls = queue.webhook_calls();
    let caller = Arc::new(WebhookCaller {
        client: OnceLock::new(),
        timeout: timing.webhook_timeout,
        in_flight: Semaphore::new(
            // With 0 permits, no webhook would ever be called.
            limits.webhooks_in_flight.clamp(1, Semaphore::MAX_PERMITS),
        ),
        pause: timing.webhook_pause,
        queue: queue.clone(),
    });
    tokio::select! {
        () = serve(&caller, &mut calls) => {}
        () = queue.shutting_down() => {}
    }
}

async fn serve(caller: &Arc<WebhookCaller>, calls: &mut mpsc::UnboundedReceiver<WebhookCall>) {
    let mut deliveries = JoinSet::new();
    loop {
        tokio::select! {
            call = calls.recv() => match call {
                Some(call) => {
                    deliveries.spawn(Arc::clone(caller).deliver(call));
                }
                None => return,
            },
            Some(_) = deliveries.join_next() => {}
        }
    }
}

/// The state that all webhook calls share.
struct WebhookCaller {
    /// The HTTP client. It is created for the first webhook, because most endpoints never call one.
    client: OnceLock<Result<Client, String>>,
    timeout: Duration,
    in_flight: Semaphore,
    pause: Duration,
    queue: Queue,
}

impl WebhookCaller {
    async fn deliver(self: Arc<Self>, call: WebhookCall) {
        let server = origin(&call.url);
        for attempt in 1..=ATTEMPTS {
            if attempt > 1 {
                tokio::time::sleep(self.pause).await;
            }
            let what = match self.attempt(&call).await {
                Ok(StatusCode::OK) => return,
                Ok(status) => format!("answered {}", status.as_u16()),
                Err(error) => error,
            };
            let next = if attempt < ATTEMPTS {
                format!("retrying in {} ms", self.pause.as_millis())
            } else {
                "giving up".to_owned()
            };
            self.warn(
                &call,
                &format!(
                    "webhook: {server} {what}; only the status 200 counts as delivered; {next} (attempt {attempt} of {ATTEMPTS})"
                ),
            );
        }
    }

    async fn attempt(&self, call: &WebhookCall) -> Result<StatusCode, String> {
        // The semaphore is never closed.
        let _permit = self.in_flight.acquire().await;
        // The body is written anew for each attempt, because a stored body would hold the data twice while the call
        // waits.
        let WebhookCall {
            report, input, url, ..
        } = call;
        let body = job_body::for_webhook(report, input, url);
        let client = self
            .client
            .get_or_init(|| client(self.timeout).map_err(|error| error.to_string()))
            .as_ref()
            .map_err(|error| {
                format!("cannot be called, because there is no HTTP client: {error}")
            })?;
        let answer = client
            .post(&**url)
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer.status()),
            Err(error) => Err(format!(
                "could not be reached: {}",
                root(&error.without_url())
            )),
        }
    }

    fn warn(&self, call: &WebhookCall, text: &str) {
        tracing::warn!(target: "runpod_local", "job {}: {text}", call.report.id);
        self.queue.log(call.report.id, LogLine::warning(text));
    }
}

/// Returns the origin of an address, without the parts that may be secret.
fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| "its address".to_owned(),
        |url| url.origin().ascii_serialization(),
    )
}

/// Returns the message of the innermost cause, which is the most specific one.
fn root(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => root(source),
        None => error.to_string(),
    }
}

fn client(timeout: Duration) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(timeout)
        .redirect(Policy::none())
        .no_proxy()
        .user_agent(concat!("runpod-local/", env!("CARGO_PKG_VERSION")))
        .build()?)
}
