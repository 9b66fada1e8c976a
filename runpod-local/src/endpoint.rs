//! The way in: what the endpoint is to be, and the endpoint that runs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::{fmt, io};

use axum::Router;
use serde_json::Value;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::faults::Faults;
use crate::queue::{JobLogs, Queue};
use crate::serve::{self, ServeSettings, Serving};
use crate::settings::{Limits, Timing};
use crate::{openapi, page, public_api, unknown, webhook, worker_api};

/// A handler of the attached worker, as the page and `/openapi.json` describe it.
///
/// ```
/// use runpod_local::{Endpoint, HandlerInfo};
/// use serde_json::json;
///
/// let shout = HandlerInfo {
///     name: "shout".to_owned(),
///     input: Some(json!({ "type": "object", "properties": { "text": { "type": "string" } } })),
///     output: None,
/// };
/// let endpoint = Endpoint::new().handlers(vec![shout]);
/// # drop(endpoint);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HandlerInfo {
    /// What it is called.
    pub name: String,
    /// The JSON Schema of its input, where it has one.
    pub input: Option<Value>,
    /// The JSON Schema of its output, where it has one.
    pub output: Option<Value>,
}

/// An endpoint that is to be started.
///
/// For tests of your own clients and workers, any free port and shorter times are of use:
///
/// ```
/// use std::time::Duration;
///
/// use runpod_local::{Endpoint, Timing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), runpod_local::BindError> {
/// let mut timing = Timing::default();
/// timing.lost_after = Duration::from_millis(500);
///
/// let endpoint = Endpoint::new().id("mine").timing(timing).bind("127.0.0.1", 0).await?;
/// println!("clients use {}/v2/mine", endpoint.url());
/// for (name, value) in endpoint.worker_environment(Some("worker-1")) {
///     println!("the worker's environment has {name}={value}");
/// }
/// endpoint.shutdown().await;
/// # Ok(()) }
/// ```
///
/// All that can be said of one:
///
/// ```
/// use runpod_local::{Endpoint, Faults, HandlerInfo, Limits, Timing};
/// use serde_json::json;
///
/// let faults: Faults = r#"{"rules": [{"route": "status", "error": 0.2}]}"#.parse()?;
/// let endpoint = Endpoint::new()
///     .id("mine")
///     .api_key(Some("a key for tests".to_owned()))
///     .limits(Limits::default())
///     .timing(Timing::default())
///     .rate_limits(true)
///     .faults(faults)
///     .handlers(vec![HandlerInfo { name: "shout".to_owned(), ..HandlerInfo::default() }])
///     .route(Some("task".to_owned()))
///     .examples(vec![json!({ "input": { "task": "shout", "text": "hi" } })]);
/// # drop(endpoint);
/// # Ok::<(), runpod_local::FaultsError>(())
/// ```
#[derive(Clone)]
#[must_use = "an endpoint does nothing until it is bound"]
pub struct Endpoint {
    id: String,
    api_key: Option<String>,
    limits: Limits,
    timing: Timing,
    rate_limits: bool,
    faults: Faults,
    handlers: Vec<HandlerInfo>,
    route: Option<String>,
    examples: Vec<Value>,
}

/// Why an endpoint could not be started: its port is taken, its address is none of this machine's, or its id is none.
///
/// ```
/// use runpod_local::Endpoint;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), runpod_local::BindError> {
/// let first = Endpoint::new().bind("127.0.0.1", 0).await?;
///
/// let error = Endpoint::new().bind("127.0.0.1", first.address().port()).await.unwrap_err();
/// assert!(error.is_in_use());
/// assert_eq!(error.to_string(), "the port is in use by another program");
///
/// let error = Endpoint::new().id("no/id").bind("127.0.0.1", 0).await.unwrap_err();
/// assert!(!error.is_in_use());
/// # first.shutdown().await;
/// # Ok(()) }
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BindError(#[from] Fault);

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("{}", told(.0))]
    Address(#[source] io::Error),
    #[error(
        "the endpoint id {0:?} is none: expected letters, digits, `-` and `_`, {LONGEST_ID} at most"
    )]
    Id(String),
}

fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "the port is in use by another program".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "this user may not listen there; ports below 1024 need privileges".to_owned()
        }
        _ => format!("the address cannot be listened on: {error}"),
    }
}

const LONGEST_ID: usize = 64;

impl BindError {
    /// Something else listens on that port.
    pub fn is_in_use(&self) -> bool {
        matches!(&self.0, Fault::Address(error) if error.kind() == io::ErrorKind::AddrInUse)
    }
}

/// Who listens on all addresses is reached on the loopback one.
fn for_a_client(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// What all routes share.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) about: Arc<About>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) timing: Arc<Timing>,
}

/// What the page and `/openapi.json` tell of the endpoint.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) id: String,
    /// `http://127.0.0.1:8000`
    pub(crate) url: String,
    /// Whether requests need a key. The key itself is the guard's only.
    pub(crate) has_api_key: bool,
    pub(crate) handlers: Vec<HandlerInfo>,
    /// The key of the input that names the handler, where there are several.
    pub(crate) route: Option<String>,
    /// Jobs to start with: `{"input": …}`.
    pub(crate) examples: Vec<Value>,
}

impl Shared {
    /// Where the API is: bare, and as on the platform.
    pub(crate) fn bases(&self) -> impl Iterator<Item = String> + use<> {
        [String::new(), format!("/v2/{}", self.about.id)].into_iter()
    }
}

impl fmt::Debug for Endpoint {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("id", &self.id)
            .field("limits", &self.limits)
            .field("timing", &self.timing)
            .finish_non_exhaustive()
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self::new()
    }
}

impl Endpoint {
    /// An endpoint called `local`, without an API key, with production's limits and times.
    pub fn new() -> Self {
        Self {
            id: "local".to_owned(),
            api_key: None,
            limits: Limits::default(),
            timing: Timing::default(),
            rate_limits: false,
            faults: Faults::default(),
            handlers: Vec::new(),
            route: None,
            examples: Vec::new(),
        }
    }

    /// The endpoint id: the API is served under `/v2/<id>` and, for short, without it. Letters, digits, `-` and `_`, 64 at
    /// most; [`bind`](Self::bind) looks at it.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// The key that clients and workers have to send. None: nobody needs one.
    pub fn api_key(mut self, key: Option<String>) -> Self {
        self.api_key = key;
        self
    }

    /// How much may be sent and held.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long things take.
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Whether production's rate limits are enforced. They are not by default.
    pub fn rate_limits(mut self, enforced: bool) -> Self {
        self.rate_limits = enforced;
        self
    }

    /// Faults to inject.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The handlers of the worker, for the page's form and `/openapi.json`.
    pub fn handlers(mut self, handlers: Vec<HandlerInfo>) -> Self {
        self.handlers = handlers;
        self
    }

    /// The key of the input that names the handler, where there are several.
    pub fn route(mut self, key: Option<String>) -> Self {
        self.route = key;
        self
    }

    /// Jobs that the page offers to start with, each `{"input": …}`.
    pub fn examples(mut self, jobs: Vec<Value>) -> Self {
        self.examples = jobs;
        self
    }

    /// Starts to serve, on the runtime that this is called on. With port 0 it is any free one, which
    /// [`Running::address`] tells.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on, or the endpoint's id is none.
    pub async fn bind(self, host: &str, port: u16) -> Result<Running, BindError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if self.id.is_empty() || self.id.len() > LONGEST_ID || !self.id.bytes().all(is_plain) {
            return Err(BindError(Fault::Id(self.id)));
        }
        let listener = TcpListener::bind((host, port))
            .await
            .map_err(Fault::Address)?;
        let address = listener.local_addr().map_err(Fault::Address)?;
        let about = Arc::new(About {
            id: self.id,
            url: format!("http://{}", for_a_client(address)),
            has_api_key: self.api_key.is_some(),
            handlers: self.handlers,
            route: self.route,
            examples: self.examples,
        });
        let queue = Queue::new(self.limits.clone(), self.timing.clone());
        tokio::spawn(queue.clone().keep_time());
        let shared = Shared {
            queue,
            about,
            limits: Arc::new(self.limits),
            timing: Arc::new(self.timing),
        };
        tokio::spawn(webhook::deliver(
            shared.queue.clone(),
            Arc::clone(&shared.limits),
            Arc::clone(&shared.timing),
        ));
        let router = Router::new()
            .merge(public_api::router(&shared))
            .merge(worker_api::router(&shared))
            .merge(openapi::router())
            .merge(page::router())
            .fallback(unknown::path)
            .method_not_allowed_fallback(unknown::method)
            .with_state(shared.clone());
        let serving = serve::spawn(
            listener,
            router,
            ServeSettings {
                host: host.to_owned(),
                api_key: self.api_key.clone(),
                rate_limits: self.rate_limits,
                faults: self.faults,
                grace: shared.timing.shutdown_grace,
            },
        );
        Ok(Running {
            address,
            shared,
            serving,
            api_key: self.api_key,
        })
    }
}

/// An endpoint that serves. Dropping it does not end it; [`Running::shutdown`] does, and the end of its runtime.
///
/// ```
/// use runpod_local::Endpoint;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), runpod_local::BindError> {
/// let endpoint = Endpoint::new().bind("127.0.0.1", 0).await?;
/// assert_eq!(endpoint.url(), format!("http://127.0.0.1:{}", endpoint.address().port()));
///
/// // A worker's process gets these variables, and takes jobs here then.
/// let variables = endpoint.worker_environment(Some("worker-1"));
/// assert!(variables.contains(&("RUNPOD_POD_ID", "worker-1".to_owned())));
///
/// let logs = endpoint.job_logs();
/// # drop(logs);
/// endpoint.shutdown().await;
/// # Ok(()) }
/// ```
pub struct Running {
    address: SocketAddr,
    shared: Shared,
    serving: Serving,
    api_key: Option<String>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, for a browser: `http://127.0.0.1:8000`.
    pub fn url(&self) -> String {
        self.shared.about.url.clone()
    }

    /// The variables that attach a worker, in any language.
    ///
    /// Each worker needs an id of its own, and gets a random one where none is given. Without an API key of the
    /// endpoint's, `RUNPOD_AI_API_KEY` is the word `local`: the official SDK's worker pings only where that is set.
    pub fn worker_environment(&self, worker_id: Option<&str>) -> Vec<(&'static str, String)> {
        let base = format!("{}/v2/{}", self.shared.about.url, self.shared.about.id);
        let worker = worker_id.map_or_else(
            || format!("worker-{:08x}", Uuid::new_v4().as_fields().0),
            str::to_owned,
        );
        let interval = self.shared.timing.ping_interval.as_millis();
        let key = self.api_key.as_deref().unwrap_or("local");
        // The SDK appends parameters with `&`, so that there has to be one.
        vec![
            (
                "RUNPOD_WEBHOOK_GET_JOB",
                format!("{base}/job-take/$ID?gpu=local"),
            ),
            (
                "RUNPOD_WEBHOOK_POST_OUTPUT",
                format!("{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=local"),
            ),
            (
                "RUNPOD_WEBHOOK_POST_STREAM",
                format!("{base}/job-stream/$RUNPOD_POD_ID/$ID?gpu=local"),
            ),
            ("RUNPOD_WEBHOOK_PING", format!("{base}/ping/$RUNPOD_POD_ID")),
            ("RUNPOD_PING_INTERVAL", interval.to_string()),
            ("RUNPOD_AI_API_KEY", key.to_owned()),
            ("RUNPOD_POD_ID", worker),
        ]
    }

    /// Takes log lines for the pages of jobs.
    pub fn job_logs(&self) -> JobLogs {
        JobLogs::of(self.shared.queue.clone())
    }

    /// Answers what is held open, lets answers that are under way finish, closes.
    pub async fn shutdown(self) {
        self.shared.queue.close();
        self.serving.shutdown().await;
    }
}
