//! The running endpoint, and the methods with which its owner observes it and reports events to it.

use std::fmt;
use std::net::SocketAddr;

use serde_json::Value;
use uuid::Uuid;

use crate::context::{Context, HandlerInfo};
use crate::queue::{JobLogs, WorkerEvents};
use crate::serve::{Serving, WORKER_KEY};

/// A running endpoint.
///
/// Dropping this value does not stop the endpoint. It stops with [`Running::shutdown`] or when its runtime shuts down.
///
/// ```
/// use runpod_local::Endpoint;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), runpod_local::BindError> {
/// let endpoint = Endpoint::new().bind("127.0.0.1", 0).await?;
/// assert_eq!(endpoint.url(), format!("http://127.0.0.1:{}", endpoint.address().port()));
///
/// // Start a worker's process with these variables, and it takes jobs from this endpoint.
/// let variables = endpoint.worker_environment(Some("worker-1"));
/// assert!(variables.contains(&("RUNPOD_POD_ID", "worker-1".to_owned())));
///
/// let logs = endpoint.job_logs();
/// # drop(logs);
/// endpoint.shutdown().await;
/// # Ok(()) }
/// ```
pub struct Running {
    /// The addresses that the endpoint listens on. There is at least one.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) context: Context,
    pub(crate) serving: Serving,
    pub(crate) api_key: Option<String>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

impl Running {
    /// Returns the address that the endpoint listens on. If there are several, this is the first. It is an IPv4 address
    /// if the host has one.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Returns all addresses that the endpoint listens on, with the same port. A host name such as `localhost` may have
    /// several.
    ///
    /// ```
    /// use runpod_local::Endpoint;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = Endpoint::new().bind("localhost", 0).await?;
    /// assert!(endpoint.addresses().contains(&endpoint.address()));
    /// # endpoint.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Returns an address at which other machines may reach this endpoint without a key.
    ///
    /// Returns `None` if the endpoint has a key or listens only on loopback addresses. If there is such an address,
    /// [`Endpoint::bind`](crate::Endpoint::bind) logs a warning.
    ///
    /// ```
    /// use runpod_local::Endpoint;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = Endpoint::new().bind("127.0.0.1", 0).await?;
    /// assert_eq!(endpoint.exposed_address(), None);
    /// # endpoint.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub fn exposed_address(&self) -> Option<SocketAddr> {
        let exposed = self.addresses.iter().find(|it| !it.ip().is_loopback());
        exposed.copied().filter(|_| self.api_key.is_none())
    }

    /// Returns the endpoint's URL for a browser, such as `http://127.0.0.1:8000`.
    pub fn url(&self) -> String {
        self.context.description.now().url.clone()
    }

    /// Returns the environment variables that attach a worker in any language.
    ///
    /// Each worker needs an id of its own. If `worker_id` is `None`, the id is random. `RUNPOD_AI_API_KEY` is the key
    /// that workers must send: the endpoint's API key or, if there is none, the word `local`. That word is not secret.
    /// It prevents web pages from taking jobs, because a page cannot send it without permission. The worker skips its
    /// built-in fitness checks, which inspect the machine.
    pub fn worker_environment(&self, worker_id: Option<&str>) -> Vec<(&'static str, String)> {
        let description = self.context.description.now();
        let base = format!("{}/v2/{}", description.url, description.id);
        let worker = worker_id.map_or_else(
            || format!("worker-{:08x}", Uuid::new_v4().as_fields().0),
            str::to_owned,
        );
        let interval = self.context.timing.ping_interval.as_millis();
        let key = self.api_key.as_deref().unwrap_or(WORKER_KEY);
        // The SDK appends parameters with `&`, so the URL must already have a query.
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
            (
                "RUNPOD_PING_INTERVAL",
                // Workers parse it as an integer of limited size.
                interval.clamp(1, u32::MAX.into()).to_string(),
            ),
            ("RUNPOD_AI_API_KEY", key.to_owned()),
            ("RUNPOD_POD_ID", worker),
            // Workers check the machine before they take jobs, and this machine is no machine of Runpod's.
            ("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true".to_owned()),
            ("RUNPOD_SKIP_GPU_CHECK", "true".to_owned()),
        ]
    }

    /// Replaces the worker's description on the page and in `/openapi.json`. Open pages show the change immediately.
    ///
    /// The arguments are the same as those of [`Endpoint::handlers`], [`Endpoint::route`] and [`Endpoint::examples`].
    ///
    /// ```
    /// use runpod_local::{Endpoint, HandlerInfo};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = Endpoint::new().bind("127.0.0.1", 0).await?;
    /// let shout = HandlerInfo { name: "shout".to_owned(), ..HandlerInfo::default() };
    /// endpoint.describe(vec![shout], None, Vec::new());
    /// # endpoint.shutdown().await;
    /// # Ok(()) }
    /// ```
    ///
    /// [`Endpoint::handlers`]: crate::Endpoint::handlers
    /// [`Endpoint::route`]: crate::Endpoint::route
    /// [`Endpoint::examples`]: crate::Endpoint::examples
    pub fn describe(
        &self,
        handlers: Vec<HandlerInfo>,
        route: Option<String>,
        examples: Vec<Value>,
    ) {
        self.context.description.change(|description| {
            description.handlers = handlers;
            description.route = route;
            description.examples = examples;
        });
        self.context.queue.described();
    }

    /// Waits until a worker with this id is attached, which means that it has asked for a job. Never returns if no such
    /// worker attaches.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use runpod_local::Endpoint;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = Endpoint::new().bind("127.0.0.1", 0).await?;
    /// let attached = endpoint.attached("worker-1");
    /// // No process was started, so no worker attaches:
    /// assert!(tokio::time::timeout(Duration::from_millis(1), attached).await.is_err());
    /// # endpoint.shutdown().await;
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe.
    pub async fn attached(&self, worker_id: &str) {
        self.context.queue.attached(worker_id).await;
    }

    /// Gives no further jobs to a worker. Call this before you stop a worker that another one replaces.
    ///
    /// If a job-take request of the worker is held open, it is answered immediately. The worker may finish the jobs
    /// that it has.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await?;
    /// // … start another worker, wait until it is attached, and then call this before you send SIGTERM:
    /// endpoint.worker_leaves("worker-1");
    /// # Ok(()) }
    /// ```
    pub fn worker_leaves(&self, worker_id: &str) {
        self.context.queue.worker_leaves(worker_id);
    }

    /// Reports that a worker's process has exited. Its jobs go back to the queue immediately, by the same rules as
    /// those of a lost worker.
    ///
    /// Do not use the id again: further requests for jobs with this id are refused.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await?;
    /// let variables = endpoint.worker_environment(Some("worker-1"));
    /// // … start a process with these variables, wait until it exits, and then:
    /// endpoint.worker_ended("worker-1");
    /// # Ok(()) }
    /// ```
    pub fn worker_ended(&self, worker_id: &str) {
        self.context.queue.worker_ended(worker_id);
    }

    /// Reports that a worker's process has exited without being asked to. Otherwise like
    /// [`worker_ended`](Self::worker_ended).
    ///
    /// Until a worker asks for a job, `/health` gives the reason to clients whose jobs are waiting. The reason is one
    /// line, and its first 256 characters are kept.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await?;
    /// endpoint.worker_starts("worker-1");
    /// // … its process has exited, but you did not stop it:
    /// endpoint.worker_crashed("worker-1", "exit code 1 before it took a job");
    /// # endpoint.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub fn worker_crashed(&self, worker_id: &str, reason: &str) {
        self.context.queue.worker_crashed(worker_id, reason);
    }

    /// Reports that a worker's process was started. Until the worker asks for its first job, or its exit is reported,
    /// `/health` counts it as `initializing`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await?;
    /// let variables = endpoint.worker_environment(Some("worker-1"));
    /// // … start a process with these variables, and then:
    /// endpoint.worker_starts("worker-1");
    /// # endpoint.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub fn worker_starts(&self, worker_id: &str) {
        self.context.queue.worker_starts(worker_id);
    }

    /// Reports that the workers' program is being built, and how many workers will start with it.
    ///
    /// Until you call [`build_failed`](Self::build_failed) or [`build_finished`](Self::build_finished), `/health`
    /// counts these workers as `initializing`. A second call replaces the number.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await?;
    /// endpoint.build_started(1);
    /// // … build the program …
    /// let built = true;
    /// if built {
    ///     endpoint.worker_starts("worker-1");
    ///     endpoint.build_finished();
    /// } else {
    ///     endpoint.build_failed("the worker does not build");
    /// }
    /// # endpoint.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub fn build_started(&self, workers: usize) {
        self.context.queue.build_started(workers);
    }

    /// Reports that the build failed. If there is no worker, `/health` gives the reason to clients whose jobs are
    /// waiting.
    ///
    /// The reason is one line, and its first 256 characters are kept.
    ///
    /// See [`build_started`](Self::build_started) for an example.
    pub fn build_failed(&self, reason: &str) {
        self.context.queue.build_failed(reason);
    }

    /// Reports that the build is over: it succeeded, or was given up. Call [`worker_starts`](Self::worker_starts)
    /// first; otherwise clients may see a moment without any worker.
    ///
    /// See [`build_started`](Self::build_started) for an example.
    pub fn build_finished(&self) {
        self.context.queue.build_finished();
    }

    /// Returns the number of queued jobs and of running jobs.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await?;
    /// let open = endpoint.open_jobs();
    /// assert_eq!((open.queued, open.running), (0, 0));
    /// # endpoint.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub fn open_jobs(&self) -> OpenJobs {
        let health = self.context.queue.health();
        OpenJobs {
            queued: health.in_queue,
            running: health.in_progress,
        }
    }

    /// Returns a handle that adds log lines to the pages of jobs.
    pub fn job_logs(&self) -> JobLogs {
        JobLogs::of(self.context.queue.clone())
    }

    /// Returns a handle that adds events of the worker with this id to the page.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let running = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await?;
    /// let events = running.worker_events("worker-1");
    /// # drop(events);
    /// # running.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub fn worker_events(&self, worker_id: &str) -> WorkerEvents {
        WorkerEvents::of(self.context.queue.clone(), worker_id)
    }

    /// Stops the endpoint. Open polls are answered, answers in progress may finish, and then the connections close.
    pub async fn shutdown(self) {
        self.context.queue.close();
        self.serving.shutdown().await;
    }
}

/// The numbers of unfinished jobs. [`Running::open_jobs`] returns them.
///
/// ```
/// use runpod_local::{Endpoint, OpenJobs};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), runpod_local::BindError> {
/// let endpoint = Endpoint::new().bind("127.0.0.1", 0).await?;
/// assert_eq!(endpoint.open_jobs(), OpenJobs::default());
/// # endpoint.shutdown().await;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenJobs {
    /// The number of jobs in the queue.
    pub queued: usize,
    /// The number of jobs that workers have taken.
    pub running: usize,
}
