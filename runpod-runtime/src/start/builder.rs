//! A worker without macros.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

use super::prepared::Prepared;
use crate::error::{Error, ErrorKind};
use crate::handler::{
    AsyncFunction, BlockingFunction, Handler, Modifier, StateType, StreamFunction, UserValues, cell,
};
use crate::logging;
use crate::worker::WorkerConfig;

/// A Runpod worker without attributes; made with [`Worker::builder`].
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
    /// Starts to describe a worker: without a handler yet, one job at a time.
    pub fn builder() -> WorkerBuilder {
        WorkerBuilder {
            handlers: Vec::new(),
            makes: None,
            config: WorkerConfig::NEW,
            values: UserValues::new(None),
        }
    }
}

/// Describes a worker and runs it. It does what `#[runpod::main]` does, option by option.
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
    makes: Option<StateType>,
    config: WorkerConfig,
    /// Owns what the user gave, so that it is dropped neither in asynchronous code nor by the worker's own thread. Whatever
    /// else has one of these is declared before it, so that it lets go first when this is dropped.
    values: UserValues,
}

impl WorkerBuilder {
    /// Adds an `async fn` (or closure) of at most six arguments: an input or a [`Job<T>`](crate::Job),
    /// [`JobContext`](crate::JobContext), [`State<T>`](crate::State).
    ///
    /// ```
    /// use runpod::Worker;
    ///
    /// let worker = Worker::builder().handler(async |name: String| format!("Hello, {name}!"));
    /// # drop(worker);
    /// ```
    ///
    /// A function that has `#[runpod::handler]` brings its schema and its validation (features `schema` and `validate`).
    /// Of other functions nothing is known: `--schema` prints `null` for them, and they validate their input themselves.
    pub fn handler<Via>(self, function: impl AsyncFunction<Via>) -> Self {
        self.with(function.into_handler().0)
    }

    /// Adds a plain `fn` (or closure), called on a thread that may block.
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

    /// Adds a function that streams: it returns `impl Stream` or `impl Iterator`, or takes an
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
        self.values.keep_handler(handler.clone());
        self.handlers.push(handler);
        self
    }

    /// Names the handler that was added last. Without a name of its own, it has the name of its function, or the one that its attribute
    /// gives it; a closure is called `handler`. Without effect before there is one. Names
    /// are what [`route`](Self::route) chooses by, so two of a routed worker's handlers may not share one.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        if let Some(last) = self.handlers.last_mut() {
            last.name = name.into();
        }
        self
    }

    /// Shares `state` with all handlers that ask for a [`State<T>`](crate::State). A worker has one: the last one given.
    /// An `Arc<T>` is the state of handlers that ask for `State<T>`, too.
    ///
    /// ```
    /// use runpod::Worker;
    /// use runpod::prelude::*;
    ///
    /// async fn scaled(input: f64, factor: State<f64>) -> f64 {
    ///     input * *factor
    /// }
    ///
    /// let worker = Worker::builder().handler(scaled).state(2.0);
    /// # drop(worker);
    /// ```
    pub fn state<T: Send + Sync + 'static>(mut self, state: T) -> Self {
        self.makes = Some(StateType::of::<T>());
        self.values.set_state(cell(state));
        self
    }

    /// Whether the worker is refreshed after every job, even a failed one: every result carries `stopPod`, and the worker
    /// exits with code 0 then. The default is `false`.
    ///
    /// ```
    /// let worker = runpod::Worker::builder().handler(async || "done").refresh_worker(true);
    /// # drop(worker);
    /// ```
    pub fn refresh_worker(mut self, refresh: bool) -> Self {
        self.config.refresh_worker = refresh;
        self
    }

    /// Whether a stream's result repeats all its items; otherwise it is an empty list. They are kept in memory until then,
    /// 64 MiB (67,108,864 bytes) of JSON at most: with more the job fails.
    pub fn return_aggregate_stream(mut self, aggregate: bool) -> Self {
        self.config.return_aggregate_stream = aggregate;
        self
    }

    /// How many jobs may run at once. The default is 1, and 0 counts as 1.
    ///
    /// The worker asks the platform for 16 jobs at once at most, and for more as soon as these are there. Inputs are kept in
    /// memory while their jobs wait or are being read: with inputs of 20 MB, the largest that the platform takes, a concurrency
    /// of 32 can need 640 MB for them.
    pub fn concurrency(mut self, jobs: usize) -> Self {
        self.config.concurrency = jobs;
        self
    }

    /// Asked before every take, with the current concurrency, for the next one. Running jobs are not waited for. An
    /// answer of 0, or a panic, is an error in the log and changes nothing.
    ///
    /// ```
    /// use runpod::Worker;
    ///
    /// // From 1 up to 8, one more at each take.
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
        self.values.keep_modifier(Arc::clone(&modifier));
        self.config.concurrency_modifier = Some(modifier);
        self
    }

    /// Chooses among several handlers by `input.<key>`, which holds a handler's name. A job that names none is a failed job,
    /// and its error lists the names. Without a route, a worker has exactly one handler.
    pub fn route(mut self, key: &'static str) -> Self {
        self.config.choice.route = Some(key);
        self
    }

    /// After this many failed jobs in a row the worker counts as broken: it takes no further job, finishes what runs,
    /// reports itself unhealthy and [`run`](Self::run) ends in an error. By default, and with 0, it never does.
    ///
    /// A job has failed when its handler returned an error, panicked or its stream failed. An input that does not fit says
    /// nothing about the worker and is not counted.
    pub fn max_consecutive_failures(mut self, jobs: usize) -> Self {
        self.config.max_consecutive_failures = NonZeroUsize::new(jobs);
        self
    }

    /// How many threads async handlers run on. The default is the number of the machine's processors, and 0 counts as 1. Plain
    /// `fn` handlers have a thread each, beside these.
    pub fn worker_threads(mut self, threads: usize) -> Self {
        self.config.worker_threads = Some(threads);
        self
    }

    /// Runs the worker until it is told to stop, or is to be refreshed. It reads the environment and the arguments as a
    /// worker with attributes does (`docs/reference/running.md`): on Runpod it takes jobs, elsewhere it runs one local test job, or
    /// with `--rp_serve_api` is an endpoint. The worker brings its own threads, for itself and for its handlers; any executor can
    /// wait for it.
    ///
    /// ```
    /// use runpod::{ErrorKind, Worker};
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// // Neither on Runpod nor given a test job, there is nothing to do:
    /// let error = Worker::builder().handler(async |n: u64| n * 2).run().await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::LocalTest);
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the handlers, the environment or the arguments have a fault, a local test job fails or there is none, the
    /// worker is broken (a handler said so, or too many jobs in a row have failed), or the system refuses a thread, TLS or
    /// a port. [`ErrorKind`] tells them apart.
    ///
    /// # Cancel safety
    ///
    /// A worker whose future is dropped takes no further job and finishes in the background.
    pub async fn run(self) -> Result<(), Error> {
        let ended = self.run_to_the_end().await;
        // The process may end now.
        logging::flushed().await;
        ended
    }

    async fn run_to_the_end(self) -> Result<(), Error> {
        // Whatever else has one of the user's values is declared after this, so that it lets go first on every way out.
        let values = self.values;
        let makes = self.makes;
        let (config, handlers) = (self.config, self.handlers);
        if makes.is_some_and(StateType::is::<ExitCode>) {
            return Err(Error::new(
                ErrorKind::Setup,
                "`Worker::builder().state(..)` was given an `ExitCode`, which cannot be a state: return the code from `main` instead",
            ));
        }
        let prepared = match Prepared::prepare(config, handlers, makes) {
            Ok(Some(prepared)) => prepared,
            nothing_to_do => {
                Arc::new(values).dropped().await;
                return nothing_to_do.map(drop);
            }
        };
        let (handlers, values) = prepared.handlers_runtime()?.keeping(values);
        let ended = prepared.serve(values.state(), handlers).await;
        values.dropped().await;
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
