//! Builds and runs a worker without macros.

mod around;
mod batch;
mod concurrency;
mod embedded;
mod graceful;
mod hooks;
#[cfg(feature = "http")]
mod http;
mod run;
mod states;

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::embedded::Settings;
use crate::error::Error;
use crate::handler::{
    AsyncFunction, BlockingFunction, Handler, Hook, Modifier, StateType, StreamFunction, UserValues,
};
use crate::logging;
use crate::platform::BoxFuture;
use crate::traces;
use crate::worker::WorkerConfig;

/// A Runpod worker without attributes, created with [`Worker::builder`].
///
/// ```no_run
/// use runpod::Worker;
///
/// async fn double(input: u64) -> u64 {
///     input * 2
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), runpod::Error> {
///     Worker::builder().handler(double).concurrency(4).run().await
/// }
/// ```
#[derive(Debug)]
pub struct Worker(());

impl Worker {
    /// Creates a builder for a worker that has no handler yet and runs one job at a time.
    pub fn builder() -> WorkerBuilder {
        WorkerBuilder {
            handlers: Vec::new(),
            hooks: Vec::new(),
            makes: Vec::new(),
            stop: None,
            embedded: None,
            config: WorkerConfig::NEW,
            values: UserValues::new(None),
        }
    }
}

/// A builder that configures and runs a worker. Its methods correspond to the options of `#[runpod::main]`.
///
/// ```no_run
/// use runpod::Worker;
/// use runpod::prelude::*;
///
/// struct Phrase(&'static str);
///
/// async fn greet(job: Job<Value>, phrase: State<Phrase>) -> String {
///     format!("{}, job {}!", phrase.0, job.id)
/// }
///
/// fn shout(input: Value) -> String {
///     input.to_string().to_uppercase()
/// }
///
/// fn spell(input: Value) -> impl Iterator<Item = String> {
///     let letters: Vec<_> = input.to_string().chars().map(String::from).collect();
///     letters.into_iter()
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), runpod::Error> {
///     Worker::builder()
///         .handler(greet)                         // an `async fn`
///         .named("greet")
///         .blocking(shout)                        // a plain `fn`
///         .named("shout")
///         .stream(spell)                          // sends items
///         .named("spell")
///         .route("task")                          // `input.task` is one of the three names
///         .state(Phrase("Good day"))
///         .concurrency(4)
///         .max_consecutive_failures(3)
///         .return_aggregate_stream(true)
///         .worker_threads(2)
///         .run()
///         .await
/// }
/// ```
#[must_use = "a worker does nothing until it is run"]
pub struct WorkerBuilder {
    handlers: Vec<Handler>,
    hooks: Vec<Hook>,
    makes: Vec<StateType>,
    /// Stops the worker when it completes.
    stop: Option<BoxFuture<'static, ()>>,
    /// The settings of a worker inside another program.
    embedded: Option<Settings>,
    config: WorkerConfig,
    /// Owns the user's values, so that they are not dropped in asynchronous code or on the worker's own thread. All
    /// other fields that share one of these values are declared before this field, so that they are dropped first.
    values: UserValues,
}

impl WorkerBuilder {
    /// Adds an `async fn` or closure with at most six arguments: an input or a [`Job<T>`](crate::Job), a
    /// [`JobContext`](crate::JobContext), and a [`State<T>`](crate::State).
    ///
    /// ```
    /// use runpod::Worker;
    ///
    /// let worker = Worker::builder().handler(async |name: String| format!("Hello, {name}!"));
    /// # drop(worker);
    /// ```
    ///
    /// A function with `#[runpod::handler]` keeps its schema and its validation (features `schema` and `validate`).
    /// Other functions have neither: `--schema` prints `null` for them, and they must validate their input
    /// themselves.
    pub fn handler<Via>(self, function: impl AsyncFunction<Via>) -> Self {
        self.with(function.into_handler().0)
    }

    /// Adds a plain `fn` or closure, which is called on a thread that may block.
    ///
    /// ```
    /// use runpod::Worker;
    ///
    /// let worker = Worker::builder().blocking(|input: u64| input + 1);
    /// # drop(worker);
    /// ```
    pub fn blocking<Via>(self, function: impl BlockingFunction<Via>) -> Self {
        self.with(function.into_handler().0)
    }

    /// Adds a function that streams: it returns an `impl Stream` or `impl Iterator`, or takes an
    /// [`Emitter<T>`](crate::Emitter).
    ///
    /// ```
    /// use runpod::Worker;
    ///
    /// let worker = Worker::builder().stream(|to: u32| 0..to);
    /// # drop(worker);
    /// ```
    pub fn stream<Via>(self, function: impl StreamFunction<Via>) -> Self {
        self.with(function.into_handler().0)
    }

    fn with(mut self, handler: Handler) -> Self {
        self.values.keep(handler.clone());
        self.handlers.push(handler);
        self
    }

    /// Sets the name of the handler that was added last.
    ///
    /// The default is the name of its function, or the name that its attribute gives. The default for a closure is
    /// `handler`. If no handler has been added yet, this method has no effect. [`route`](Self::route) chooses
    /// handlers by name, so the handlers of a routed worker must have different names.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        if let Some(last) = self.handlers.last_mut() {
            last.name = name.into();
        }
        self
    }

    /// Sets whether the worker is refreshed after every job, including failed ones. The default is `false`.
    ///
    /// If it is `true`, every result contains `stopPod`, and the worker exits with code 0 after the job.
    ///
    /// ```
    /// let worker = runpod::Worker::builder().handler(async || "done").refresh_worker(true);
    /// # drop(worker);
    /// ```
    pub fn refresh_worker(mut self, refresh: bool) -> Self {
        self.config.refresh_worker = refresh;
        self
    }

    /// Sets whether a stream's result repeats all its items. The default is `false`: the result is an empty list.
    ///
    /// If it is `true`, the items are kept in memory until the stream ends, up to 64 MiB (67,108,864 bytes) of JSON.
    /// If the items exceed this limit, the job fails.
    pub fn return_aggregate_stream(mut self, aggregate: bool) -> Self {
        self.config.return_aggregate_stream = aggregate;
        self
    }

    /// Sets how many jobs may run at the same time. The default is 1, or enough for full batches if the worker has a
    /// [`batch`](Self::batch) handler. 0 counts as 1.
    ///
    /// One job-take request asks for at most 16 jobs. The next request follows as soon as those jobs have arrived.
    /// Inputs stay in memory while their jobs wait or are read. With inputs of 20 MB, the platform's maximum, a
    /// concurrency of 32 can need 640 MB for them.
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.config.concurrency.jobs = Some(jobs);
        self
    }

    /// Sets a function that is called before each job-take request and returns the new concurrency.
    ///
    /// The function gets the current concurrency. A lower value does not affect running jobs. If the function returns
    /// 0 or panics, the worker logs an error and keeps the current concurrency.
    ///
    /// ```
    /// use runpod::Worker;
    ///
    /// // Starts at 1 and adds one with each job-take request, up to 8.
    /// let worker = Worker::builder()
    ///     .handler(async |input: u64| input * 2)
    ///     .concurrency_modifier(|jobs| (jobs + 1).min(8));
    /// # drop(worker);
    /// ```
    pub fn concurrency_modifier(
        mut self,
        modifier: impl Fn(usize) -> usize + Send + Sync + 'static,
    ) -> Self {
        let modifier: Modifier = Arc::new(modifier);
        self.values.keep(Arc::clone(&modifier));
        self.config.concurrency.modifier = Some(modifier);
        self
    }

    /// Chooses the handler of each job by the handler's name in `input.<key>`.
    ///
    /// If a job does not name a handler of this worker, the job fails, and its error lists the names. A worker
    /// without a route must have exactly one handler.
    pub fn route(mut self, key: &'static str) -> Self {
        self.config.choice.route = Some(key);
        self
    }

    /// Sets the number of consecutive failed jobs after which the worker counts as broken. By default, and with 0,
    /// there is no limit.
    ///
    /// A broken worker takes no further jobs, finishes its running jobs and reports itself unhealthy. Then
    /// [`run`](Self::run) returns an error.
    ///
    /// A job counts as failed if its handler returns an error or panics, or if its stream fails. An input that does
    /// not match the handler's type is not counted, because it says nothing about the worker.
    pub fn max_consecutive_failures(mut self, jobs: usize) -> Self {
        self.config.max_consecutive_failures = NonZeroUsize::new(jobs);
        self
    }

    /// Sets the number of threads for async handlers. The default is the number of the machine's processors, and 0
    /// counts as 1.
    ///
    /// Each running plain `fn` handler has an additional thread of its own.
    pub fn worker_threads(mut self, threads: usize) -> Self {
        self.config.worker_threads = Some(threads);
        self
    }

    /// Runs the worker until it is stopped or refreshed.
    ///
    /// The worker reads the environment and the command line, and writes a log, like a worker with attributes
    /// (`docs/reference/running.md`), unless it is [`embedded`](Self::embedded). On Runpod it takes jobs. Elsewhere it runs one local test job, or serves a
    /// local endpoint if `--rp_serve_api` is given. The worker starts its own threads for itself and its handlers, so
    /// any executor can await this future.
    ///
    /// ```
    /// use runpod::{ErrorKind, Worker};
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// // This process does not run on Runpod and has no test job, so `run` returns an error:
    /// let error = Worker::builder().handler(async |n: u64| n * 2).run().await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::LocalTest);
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if:
    ///
    /// - the handlers, the environment or the arguments are invalid;
    /// - a state cannot be created;
    /// - a local test job fails or is missing;
    /// - the worker is broken: a fitness check failed, a handler marked it as unhealthy, or too many jobs failed in a row;
    /// - the system refuses a thread or a port, or TLS cannot be set up.
    ///
    /// [`ErrorKind`](crate::ErrorKind) distinguishes these cases.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the worker takes no further jobs and finishes in the background. Use
    /// [`with_graceful_shutdown`](Self::with_graceful_shutdown) to stop the worker and wait for it.
    pub async fn run(self) -> Result<(), Error> {
        let ended = self.run_to_the_end().await;
        // The process may exit after this, so the traces must be exported and the log must be written.
        traces::flushed().await;
        logging::flushed().await;
        ended
    }
}

impl std::fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("handlers", &self.handlers)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
