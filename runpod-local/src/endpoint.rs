//! The way in: what the endpoint is to be.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::{fmt, io};

use axum::Router;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::faults::Faults;
use crate::queue::Queue;
use crate::running::Running;
use crate::serve::{self, ServeSettings};
use crate::settings::{Limits, Timing};
use crate::{openapi, owner, page, public_api, unknown, webhook, worker_api};

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
    owner: Option<Value>,
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
    pub(crate) about: Told,
    pub(crate) limits: Arc<Limits>,
    pub(crate) timing: Arc<Timing>,
}

/// What is told of the endpoint now. Clones tell the same.
#[derive(Debug, Clone)]
pub(crate) struct Told(Arc<RwLock<Arc<About>>>);

impl Told {
    pub(crate) fn of(about: About) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(about))))
    }

    pub(crate) fn now(&self) -> Arc<About> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut About)) {
        let mut told = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut told));
    }
}

/// What the page and `/openapi.json` tell of the endpoint.
#[derive(Debug, Clone)]
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
        [String::new(), format!("/v2/{}", self.about.now().id)].into_iter()
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
            owner: None,
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

    /// Whose endpoint it is, in the words of whoever starts it: `GET /local/owner` answers this document, and 404 without
    /// one. A client on the same machine recognises the endpoint of its own project by it, whatever listens on the port.
    ///
    /// ```
    /// use runpod_local::Endpoint;
    /// use serde_json::json;
    ///
    /// let endpoint = Endpoint::new().owner(json!({ "package": "hello" }));
    /// # drop(endpoint);
    /// ```
    pub fn owner(mut self, owner: Value) -> Self {
        self.owner = Some(owner);
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
        let about = Told::of(About {
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
            .merge(owner::router(self.owner))
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
