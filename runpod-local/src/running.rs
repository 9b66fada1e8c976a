//! The endpoint while it runs: what its owner reads from it and reports to it.

use std::fmt;
use std::net::SocketAddr;

use serde_json::Value;
use uuid::Uuid;

use crate::context::{Context, HandlerInfo};
use crate::queue::JobLogs;
use crate::serve::{Serving, WORKER_KEY};

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
    /// At least one.
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
    /// Where it listens; of several addresses the first one, which is an IPv4 address if the host has any.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// All addresses where it listens, on the same port: a host name such as `localhost` may have several.
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

    /// An address at which other machines may reach this endpoint without a key: the endpoint has none, and the address is
    /// not a loopback one. [`Endpoint::bind`](crate::Endpoint::bind) logs a warning then.
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

    /// Where it listens, for a browser: `http://127.0.0.1:8000`.
    pub fn url(&self) -> String {
        self.context.description.now().url.clone()
    }

    /// The variables that attach a worker, in any language.
    ///
    /// Each worker needs an id of its own, and gets a random one where none is given. `RUNPOD_AI_API_KEY` is the key that
    /// workers have to send: the endpoint's API key or, without one, the word `local`. That word is no secret; it keeps web
    /// pages from taking jobs, because a page cannot send it without leave.
    pub fn worker_environment(&self, worker_id: Option<&str>) -> Vec<(&'static str, String)> {
        let description = self.context.description.now();
        let base = format!("{}/v2/{}", description.url, description.id);
        let worker = worker_id.map_or_else(
            || format!("worker-{:08x}", Uuid::new_v4().as_fields().0),
            str::to_owned,
        );
        let interval = self.context.timing.ping_interval.as_millis();
        let key = self.api_key.as_deref().unwrap_or(WORKER_KEY);
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
            (
                "RUNPOD_PING_INTERVAL",
                // Workers read it as a number of their own, which has an end.
                interval.clamp(1, u32::MAX.into()).to_string(),
            ),
            ("RUNPOD_AI_API_KEY", key.to_owned()),
            ("RUNPOD_POD_ID", worker),
        ]
    }

    /// Says anew what the page and `/openapi.json` tell of the worker: as [`Endpoint::handlers`], [`Endpoint::route`] and
    /// [`Endpoint::examples`] did at the start. Pages that are open show it at once.
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

    /// Resolves when a worker with this id is attached: it has asked for a job. Never, where none comes.
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
    /// // No process was started, so there is none to come:
    /// assert!(tokio::time::timeout(Duration::from_millis(1), attached).await.is_err());
    /// # endpoint.shutdown().await;
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub async fn attached(&self, worker_id: &str) {
        self.context.queue.attached(worker_id).await;
    }

    /// From now on a worker gets no further job; a poll of its that is held is answered at once. What it has it may finish.
    /// For who is about to end it, and has another one that takes over.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await?;
    /// // … start another worker, wait until it is attached, and then, before SIGTERM:
    /// endpoint.worker_leaves("worker-1");
    /// # Ok(()) }
    /// ```
    pub fn worker_leaves(&self, worker_id: &str) {
        self.context.queue.worker_leaves(worker_id);
    }

    /// Tells of a worker whose process has ended, so that nobody waits until it counts as lost: the jobs that it had go
    /// back to the queue, by the same rules. Its id is not to be used again: what still asks for jobs with it is refused.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await?;
    /// let variables = endpoint.worker_environment(Some("worker-1"));
    /// // … start a process with these variables, wait for its end, and then:
    /// endpoint.worker_ended("worker-1");
    /// # Ok(()) }
    /// ```
    pub fn worker_ended(&self, worker_id: &str) {
        self.context.queue.worker_ended(worker_id);
    }

    /// As [`worker_ended`](Self::worker_ended), for a worker that ended without being asked to. `/health` gives the reason to
    /// clients whose jobs nobody takes, until a worker asks for a job. A reason is one line; 256 characters of it are kept.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await?;
    /// endpoint.worker_starts("worker-1");
    /// // … its process has ended, and you did not ask it to:
    /// endpoint.worker_crashed("worker-1", "exit code 1 before it took a job");
    /// # endpoint.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub fn worker_crashed(&self, worker_id: &str, reason: &str) {
        self.context.queue.worker_crashed(worker_id, reason);
    }

    /// Tells of a worker whose process was started. Until it asks for its first job, or its end is told, `/health` counts it
    /// among the workers that are `initializing`.
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

    /// Tells that the workers' program is being built, and how many workers will start with it. Until
    /// [`build_failed`](Self::build_failed) or [`build_finished`](Self::build_finished) is called, `/health` counts them
    /// among the workers that are `initializing`. A second call replaces the number.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), runpod_local::BindError> {
    /// let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await?;
    /// endpoint.build_started(1);
    /// // … build it …
    /// let built = true;
    /// if built {
    ///     endpoint.worker_starts("worker-1");
    ///     endpoint.build_finished();
    /// } else {
    ///     endpoint.build_failed("it does not build");
    /// }
    /// # endpoint.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub fn build_started(&self, workers: usize) {
        self.context.queue.build_started(workers);
    }

    /// Tells that the build failed. If there is no worker, `/health` gives the reason to clients whose jobs nobody takes. A
    /// reason is one line; 256 characters of it are kept.
    ///
    /// See [`build_started`](Self::build_started) for an example.
    pub fn build_failed(&self, reason: &str) {
        self.context.queue.build_failed(reason);
    }

    /// Tells that no build is under way any more: it succeeded, or was given up. Call
    /// [`worker_starts`](Self::worker_starts) first, otherwise a client may see a moment without any worker.
    ///
    /// See [`build_started`](Self::build_started) for an example.
    pub fn build_finished(&self) {
        self.context.queue.build_finished();
    }

    /// How many jobs wait, and how many run.
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

    /// Takes log lines for the pages of jobs.
    pub fn job_logs(&self) -> JobLogs {
        JobLogs::of(self.context.queue.clone())
    }

    /// Answers what is held open, lets answers that are under way finish, closes.
    pub async fn shutdown(self) {
        self.context.queue.close();
        self.serving.shutdown().await;
    }
}

/// Jobs that have not ended; [`Running::open_jobs`] counts them.
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
    /// Those in the queue.
    pub queued: usize,
    /// Those that workers have.
    pub running: usize,
}
