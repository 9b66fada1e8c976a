//! A worker without macros.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::handler::{
    AsyncFunction, BlockingFunction, Choice, Handler, Setup, SetupRun, StreamFunction,
};
use crate::launch::Plan;
use crate::worker::{Concurrency, Handlers, Modifier};

/// A Runpod worker; made with [`Worker::builder`].
///
/// ```no_run
/// use runpod_runtime::Worker;
///
/// async fn double(input: u64) -> u64 {
///     input * 2
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), runpod_runtime::Error> {
///     Worker::builder().handler(double).concurrency(4).run().await
/// }
/// ```
#[derive(Debug)]
pub struct Worker(());

impl Worker {
    /// Starts to describe a worker.
    pub fn builder() -> WorkerBuilder {
        WorkerBuilder {
            handlers: Vec::new(),
            setup: Setup::none(),
            refresh_worker: false,
            return_aggregate_stream: false,
            concurrency: 1,
            modifier: None,
            route: None,
            max_consecutive_failures: None,
            threads: None,
        }
    }
}

/// Describes a worker and runs it. Does what the macros do; see [`Worker`] for an example.
#[must_use = "a worker does nothing until it is run"]
pub struct WorkerBuilder {
    handlers: Vec<Handler>,
    setup: Setup,
    refresh_worker: bool,
    return_aggregate_stream: bool,
    concurrency: usize,
    modifier: Option<Modifier>,
    route: Option<&'static str>,
    max_consecutive_failures: Option<NonZeroUsize>,
    threads: Option<usize>,
}

impl WorkerBuilder {
    /// Adds an `async fn` (or closure) of at most six arguments: an input or a `Job<T>`, `Context`, `State<T>`.
    ///
    /// A function that has `#[runpod::handler]` brings its schema and its validation (features `schema` and `validate`).
    /// Of others nothing is known: `--schema` says `null`, and they validate their input themselves.
    pub fn handler<Via>(mut self, function: impl AsyncFunction<Via>) -> Self {
        self.handlers.push(function.into_handler().0);
        self
    }

    /// Adds a plain `fn`, called on a thread that may block.
    ///
    /// ```
    /// # use runpod_runtime::Worker;
    /// let worker = Worker::builder().blocking(|input: u64| input + 1);
    /// # drop(worker);
    /// ```
    pub fn blocking<Via>(mut self, function: impl BlockingFunction<Via>) -> Self {
        self.handlers.push(function.into_handler().0);
        self
    }

    /// Adds a function that streams: it returns `impl Stream` or `impl Iterator`, or takes an `Emitter<T>`.
    ///
    /// ```
    /// # use runpod_runtime::Worker;
    /// let worker = Worker::builder().stream(|to: u32| 0..to);
    /// # drop(worker);
    /// ```
    pub fn stream<Via>(mut self, function: impl StreamFunction<Via>) -> Self {
        self.handlers.push(function.into_handler().0);
        self
    }

    /// Names the handler that was added last; it is called `handler` otherwise. Names are what [`route`](Self::route)
    /// chooses by.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        if let Some(last) = self.handlers.last_mut() {
            last.name = name.into();
        }
        self
    }

    /// Shares `state` with all handlers that ask for a `State<T>`.
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.setup = Setup::ready(state);
        self
    }

    /// Whether the worker is refreshed after every job, even a failed one.
    pub fn refresh_worker(mut self, refresh: bool) -> Self {
        self.refresh_worker = refresh;
        self
    }

    /// Whether a stream's result repeats all its items. They are kept in memory until then.
    pub fn return_aggregate_stream(mut self, aggregate: bool) -> Self {
        self.return_aggregate_stream = aggregate;
        self
    }

    /// How many jobs may run at once; 1 unless said, and 0 counts as 1.
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.concurrency = jobs;
        self
    }

    /// Asked before every take, with the current concurrency, for the next one. Running jobs are not waited for. An
    /// answer of 0 is an error in the log and changes nothing.
    pub fn concurrency_modifier(
        mut self,
        modifier: impl Fn(usize) -> usize + Send + Sync + 'static,
    ) -> Self {
        self.modifier = Some(Arc::new(modifier));
        self
    }

    /// Chooses among several handlers by `input.<key>`, which holds a handler's name.
    pub fn route(mut self, key: &'static str) -> Self {
        self.route = Some(key);
        self
    }

    /// After this many failed jobs in a row the worker counts as broken: it takes no further job, finishes what runs,
    /// reports itself unhealthy and [`run`](Self::run) ends in an error. Never unless said, or with 0.
    ///
    /// A job has failed when its handler returned an error, panicked or its stream failed. An input that does not fit says
    /// nothing about the worker and is not counted.
    pub fn max_consecutive_failures(mut self, jobs: usize) -> Self {
        self.max_consecutive_failures = NonZeroUsize::new(jobs);
        self
    }

    /// How many threads async handlers run on; as many as the machine has processors unless said.
    pub fn worker_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Runs the worker until it is told to stop. Reads the environment and the arguments as a macro-made worker does;
    /// without `RUNPOD_WEBHOOK_GET_JOB` it runs one local test job. The worker brings its own threads, for itself and for
    /// its handlers; any executor can wait for it.
    ///
    /// # Errors
    ///
    /// When the handlers, the environment or the arguments have a fault, a local test job fails, or a handler declares
    /// the worker unhealthy.
    ///
    /// # Cancel safety
    ///
    /// A worker whose future is dropped takes no further job and finishes in the background.
    pub async fn run(self) -> Result<(), Error> {
        let plan = Plan {
            handlers: self.handlers,
            choice: Choice {
                handler: None,
                route: self.route,
            },
            makes: self.setup.makes,
            refresh_worker: self.refresh_worker,
            return_aggregate_stream: self.return_aggregate_stream,
            concurrency: Concurrency::new(self.concurrency, self.modifier),
            max_consecutive_failures: self.max_consecutive_failures,
        };
        let Some(ready) = plan.prepare()? else {
            return Ok(());
        };
        let state = match self.setup.run {
            SetupRun::Blocking(make) => {
                Some(make().map_err(|failure| Error::new(ErrorKind::Setup, failure.message))?)
            }
            _ => None,
        };
        ready.serve(state, Handlers::own(self.threads)?).await
    }
}

impl std::fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("handlers", &self.handlers)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}
