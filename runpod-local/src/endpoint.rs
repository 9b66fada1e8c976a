//! The endpoint before it runs: its options, and `bind`, which starts it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use serde_json::Value;

use crate::access::{Access, AllowError};
use crate::api_key::check_api_key;
use crate::balancer::{self, Balancer, Pool, Site};
use crate::bind_error::{BindError, BindErrorKind, checked_id};
use crate::context::{Context, CurrentDescription, Description, HandlerInfo};
use crate::faults::Faults;
use crate::queue::Queue;
use crate::running::Running;
use crate::serve::{self, ApiKey, Kind, ServeSettings};
use crate::settings::{Limits, Timing};
use crate::{fallback, openapi, owner, page, public_api, webhook, worker_api};

/// An endpoint that has not been started.
///
/// Tests of your own clients and workers often use any free port and shorter times:
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
/// All options:
///
/// ```
/// use runpod_local::{Endpoint, Faults, HandlerInfo, Limits, Timing};
/// use serde_json::json;
///
/// let faults: Faults = r#"{"rules": [{"route": "status", "error": 0.2}]}"#.parse()?;
/// let endpoint = Endpoint::new()
///     .id("mine")
///     .api_key(Some("a key for tests".to_owned()))
///     .api_key_variable("MY_KEY")
///     .allow_host("host.docker.internal")?
///     .allow_origin("http://localhost:3000")?
///     .raise_open_file_limit(true)
///     .limits(Limits::default())
///     .timing(Timing::default())
///     .rate_limits(true)
///     .faults(faults)
///     .handlers(vec![HandlerInfo { name: "shout".to_owned(), ..HandlerInfo::default() }])
///     .route(Some("task".to_owned()))
///     .examples(vec![json!({ "input": { "task": "shout", "text": "hi" } })]);
/// # drop(endpoint);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "an endpoint does nothing until it is bound"]
pub struct Endpoint {
    id: String,
    api_key: Option<String>,
    api_key_variable: String,
    access: Access,
    raises_open_file_limit: bool,
    limits: Limits,
    timing: Timing,
    rate_limits: bool,
    faults: Faults,
    handlers: Vec<HandlerInfo>,
    route: Option<String>,
    examples: Vec<Value>,
    owner: Option<Value>,
}

/// The variable that programs of this project read the API key from.
const API_KEY_VARIABLE: &str = "RUNPOD_LOCAL_API_KEY";

/// Returns the address that a client on this machine uses. If the endpoint listens on all addresses, this is the
/// loopback address.
fn for_a_client(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

impl fmt::Debug for Endpoint {
    /// Formats the endpoint without its API key.
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
    /// Creates an endpoint with the id `local`, without an API key, and with the limits and times of production.
    pub fn new() -> Self {
        Self {
            id: "local".to_owned(),
            api_key: None,
            api_key_variable: API_KEY_VARIABLE.to_owned(),
            access: Access::default(),
            raises_open_file_limit: false,
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

    /// Sets the endpoint's id. Clients reach the API under `/v2/<id>` and also without this prefix.
    ///
    /// An id has at most 64 letters, digits, `-` and `_`. [`bind`](Self::bind) checks it.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Sets the API key that clients and workers must send.
    ///
    /// With `None`, clients need no key, and workers send the word `local` (see [`Running::worker_environment`]).
    /// [`bind`](Self::bind) checks the key. To check it earlier, call [`check_api_key`].
    pub fn api_key(mut self, key: Option<String>) -> Self {
        self.api_key = key;
        self
    }

    /// Sets the name of the environment variable that the key was read from. The default is `RUNPOD_LOCAL_API_KEY`.
    ///
    /// The code that the page offers to copy reads the key from this variable.
    pub fn api_key_variable(mut self, name: impl Into<String>) -> Self {
        self.api_key_variable = name.into();
        self
    }

    /// Also answers requests for this host name. Each call adds one name.
    ///
    /// Without this method, the endpoint answers requests for `localhost`, the bound host and every IP address. Use it
    /// for names such as `host.docker.internal` or the name of an HTTPS proxy. `*.` before a name stands for any name
    /// below it.
    ///
    /// # Errors
    ///
    /// Fails if `name` is not a host name.
    pub fn allow_host(mut self, name: &str) -> Result<Self, AllowError> {
        self.access.allow_host(name)?;
        Ok(self)
    }

    /// Lets web pages of this origin, such as `http://localhost:3000`, use the clients' API through CORS. Each call
    /// adds one origin.
    ///
    /// Such pages need the API key, like all clients.
    ///
    /// # Errors
    ///
    /// Fails if `origin` is not an origin.
    pub fn allow_origin(mut self, origin: &str) -> Result<Self, AllowError> {
        self.access.allow_origin(origin)?;
        Ok(self)
    }

    /// Sets whether [`bind`](Self::bind) raises this process's limit of open files, so that more connections can be
    /// open at the same time. The default is `false`.
    ///
    /// The limit is raised as far as the system allows, but to 65,536 at most. It applies to the whole process, and
    /// programs that the process starts inherit it.
    pub fn raise_open_file_limit(mut self, raised: bool) -> Self {
        self.raises_open_file_limit = raised;
        self
    }

    /// Sets the limits for the size of requests and for stored data.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the times of the endpoint's rules.
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Sets whether the endpoint enforces Runpod's rate limits. The default is `false`.
    pub fn rate_limits(mut self, enforced: bool) -> Self {
        self.rate_limits = enforced;
        self
    }

    /// Sets the faults to inject.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Sets the worker's handlers for the page's form and for `/openapi.json`.
    pub fn handlers(mut self, handlers: Vec<HandlerInfo>) -> Self {
        self.handlers = handlers;
        self
    }

    /// Sets the key of the input that names the handler, if there are several handlers.
    pub fn route(mut self, key: Option<String>) -> Self {
        self.route = key;
        self
    }

    /// Sets the example jobs that the page offers. Each has the form `{"input": …}`.
    pub fn examples(mut self, jobs: Vec<Value>) -> Self {
        self.examples = jobs;
        self
    }

    /// Sets a document that identifies the endpoint's owner. `GET /local/owner` returns it, or 404 if there is none.
    ///
    /// A client on the same machine can use the document to check that the endpoint of its own project listens on the
    /// port, and not another program.
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

    /// Starts the endpoint on the current Tokio runtime, at every address of the host. With port 0, it uses a port that
    /// is free at all addresses (see [`Running::address`]).
    ///
    /// If the endpoint can listen on some of the addresses only, it leaves out the others. For example, `localhost`
    /// means `127.0.0.1` and `::1`, and not every machine has both.
    ///
    /// # Errors
    ///
    /// Fails if the port is in use at one of the addresses, if the endpoint can listen on none of them, or if the
    /// endpoint's id or key is not valid.
    pub async fn bind(self, host: &str, port: u16) -> Result<Running, BindError> {
        let id = checked_id(self.id)?;
        if let Some(key) = &self.api_key {
            check_api_key(key).map_err(BindErrorKind::ApiKey)?;
        }
        let listeners = serve::on_host(host, port)
            .await
            .map_err(BindErrorKind::Listen)?;
        let addresses: Vec<_> = listeners.iter().map(|(_, address)| *address).collect();
        let description = CurrentDescription::of(Description {
            id,
            url: format!("http://{}", for_a_client(addresses[0])),
            has_api_key: self.api_key.is_some(),
            api_key_variable: self.api_key_variable,
            rate_limits: self.rate_limits,
            handlers: self.handlers,
            route: self.route,
            examples: self.examples,
        });
        let queue = Queue::new(self.limits.clone(), self.timing.clone());
        tokio::spawn(queue.clone().keep_time());
        let context = Context {
            queue,
            description,
            limits: Arc::new(self.limits),
            timing: Arc::new(self.timing),
        };
        tokio::spawn(webhook::deliver(
            context.queue.clone(),
            Arc::clone(&context.limits),
            Arc::clone(&context.timing),
        ));
        let router = Router::new()
            .merge(public_api::router(&context))
            .merge(worker_api::router(&context))
            .merge(openapi::router())
            .merge(page::router())
            .merge(owner::router(self.owner))
            .fallback(fallback::not_found)
            .method_not_allowed_fallback(fallback::method_not_allowed)
            .with_state(context.clone());
        let serving = serve::spawn(
            listeners.into_iter().map(|(listener, _)| listener),
            router,
            ServeSettings {
                kind: Kind::Queue,
                host: host.to_owned(),
                api_key: self.api_key.clone(),
                access: self.access,
                rate_limits: self.rate_limits,
                faults: self.faults,
                grace: context.timing.shutdown_grace,
                raises_open_file_limit: self.raises_open_file_limit,
            },
        );
        let running = Running {
            addresses,
            context,
            serving,
            api_key: self.api_key,
        };
        if let Some(exposed) = running.exposed_address() {
            let variable = &running.context.description.now().api_key_variable;
            tracing::warn!(
                "The endpoint listens on {exposed} without an API key. Anyone who can reach this address over the network can submit \
                 jobs, read and cancel the jobs of others, and take jobs as a worker. Set {variable} to a key that clients and \
                 workers must send, or listen on localhost."
            );
        }
        Ok(running)
    }

    /// Starts a load balancer with this endpoint's key, host names and origins, in place of the endpoint. Like
    /// [`bind`](Self::bind) otherwise. `notice` prints lines for the person who runs it.
    ///
    /// Not public API.
    ///
    /// # Errors
    ///
    /// Fails as [`bind`](Self::bind) does.
    #[doc(hidden)]
    pub async fn bind_balancer(
        self,
        host: &str,
        port: u16,
        notice: fn(&str),
    ) -> Result<Balancer, BindError> {
        if let Some(key) = &self.api_key {
            check_api_key(key).map_err(BindErrorKind::ApiKey)?;
        }
        let listeners = serve::on_host(host, port)
            .await
            .map_err(BindErrorKind::Listen)?;
        let addresses: Vec<_> = listeners.iter().map(|(_, address)| *address).collect();
        let pool = Pool::new(self.examples, notice);
        let router = balancer::router(Site {
            pool: pool.clone(),
            key: self.api_key.clone().map(ApiKey::new),
        });
        let has_api_key = self.api_key.is_some();
        let serving = serve::spawn(
            listeners.into_iter().map(|(listener, _)| listener),
            router,
            ServeSettings {
                kind: Kind::Balancer,
                host: host.to_owned(),
                api_key: self.api_key,
                access: self.access,
                rate_limits: false,
                faults: Faults::default(),
                grace: self.timing.shutdown_grace,
                raises_open_file_limit: self.raises_open_file_limit,
            },
        );
        Ok(Balancer {
            url: format!("http://{}", for_a_client(addresses[0])),
            addresses,
            pool,
            serving,
            has_api_key,
        })
    }
}
