//! The options of a worker, set by `#[runpod::main(...)]` or by [`WorkerBuilder`](crate::WorkerBuilder).

mod concurrency;

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::handler::{Around, Choice, FunctionId, JobCall, JobResult, Next, around};
#[cfg(feature = "http")]
use crate::handler::{IntoRouter, UserRouter};

pub(crate) use concurrency::ConcurrencyConfig;

/// The options of a worker. Both the attribute and the builder fill it in, and the worker's loop gets it unchanged.
#[derive(Clone)]
pub struct WorkerConfig {
    pub(crate) choice: Choice,
    /// Whether to refresh the worker after every job, even after a failed one.
    pub(crate) refresh_worker: bool,
    /// Whether a stream's result repeats all its items.
    pub(crate) return_aggregate_stream: bool,
    pub(crate) concurrency: ConcurrencyConfig,
    /// If this many jobs in a row fail, the worker is broken.
    pub(crate) max_consecutive_failures: Option<NonZeroUsize>,
    /// The number of threads for async handlers. `None` means one for each processor.
    pub(crate) worker_threads: Option<usize>,
    /// How long `main` may run.
    pub(crate) init_timeout: Option<Duration>,
    /// The user's own routes, in HTTP mode.
    #[cfg(feature = "http")]
    pub(crate) router: Option<UserRouter>,
    /// The functions that wrap the calls of handlers, the outermost one first.
    pub(crate) around: Vec<Around>,
}

/// The functions that generated code calls, one for each option of the attribute.
impl WorkerConfig {
    /// The configuration without any option.
    pub const NEW: Self = Self {
        choice: Choice {
            handler: None,
            route: None,
        },
        refresh_worker: false,
        return_aggregate_stream: false,
        concurrency: ConcurrencyConfig::NEW,
        max_consecutive_failures: None,
        worker_threads: None,
        init_timeout: None,
        #[cfg(feature = "http")]
        router: None,
        around: Vec::new(),
    };

    /// Sets whether to refresh the worker after every job, even after a failed one.
    #[must_use]
    pub fn refresh_worker(mut self, value: bool) -> Self {
        self.refresh_worker = value;
        self
    }

    /// Sets whether a stream's result repeats all its items.
    #[must_use]
    pub fn return_aggregate_stream(mut self, value: bool) -> Self {
        self.return_aggregate_stream = value;
        self
    }

    /// Sets how many jobs may run at once.
    #[must_use]
    pub fn concurrency(mut self, value: usize) -> Self {
        self.concurrency.jobs = Some(value);
        self
    }

    /// Sets the function that computes the next concurrency from the current one before every job-take request.
    #[must_use]
    pub fn concurrency_modifier(mut self, value: fn(usize) -> usize) -> Self {
        self.concurrency.modifier = Some(Arc::new(value));
        self
    }

    /// Lets the worker choose how many jobs run at once.
    #[must_use]
    pub fn auto_concurrency(mut self) -> Self {
        self.concurrency.auto = true;
        self
    }

    /// Sets how many jobs may always run at once, if the worker chooses the number.
    #[must_use]
    pub fn min_concurrency(mut self, value: usize) -> Self {
        self.concurrency.min = Some(value);
        self
    }

    /// Sets how many jobs may run at once at most, if the worker chooses the number.
    #[must_use]
    pub fn max_concurrency(mut self, value: usize) -> Self {
        self.concurrency.max = Some(value);
        self
    }

    /// Sets the handler that gets all jobs.
    #[must_use]
    pub fn handler(mut self, value: fn() -> FunctionId) -> Self {
        self.choice.handler = Some(value());
        self
    }

    /// Sets the key of the input that names the handler.
    #[must_use]
    pub fn route(mut self, value: &'static str) -> Self {
        self.choice.route = Some(value);
        self
    }

    /// Sets how many failed jobs in a row mean that the worker is broken. 0 turns the check off.
    #[must_use]
    pub fn max_consecutive_failures(mut self, value: usize) -> Self {
        self.max_consecutive_failures = NonZeroUsize::new(value);
        self
    }

    /// Adds a function that wraps the calls of handlers.
    #[must_use]
    pub fn around<Fut>(mut self, function: fn(JobCall, Next) -> Fut) -> Self
    where
        Fut: Future<Output = JobResult> + Send + 'static,
    {
        self.around.push(around(function));
        self
    }

    /// Sets the number of threads for async handlers.
    #[must_use]
    pub fn worker_threads(mut self, value: usize) -> Self {
        self.worker_threads = Some(value);
        self
    }

    /// Sets for how many seconds `main` may run.
    #[must_use]
    pub fn init_timeout(mut self, seconds: usize) -> Self {
        self.init_timeout = u64::try_from(seconds).ok().map(Duration::from_secs);
        self
    }

    /// Checks the options that depend on each other.
    ///
    /// # Errors
    ///
    /// Returns an error if they contradict each other.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let checked = self.concurrency.check();
        checked.map_err(|wrong| Error::new(ErrorKind::Config, wrong))
    }

    /// Reports that the feature `http` is missing.
    #[cfg(not(feature = "http"))]
    #[must_use]
    pub fn router(self, _value: impl FeatureHttp) -> Self {
        self
    }

    /// Sets the function that creates the user's own routes.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn router<Via>(mut self, value: impl IntoRouter<Via>) -> Self {
        self.router = Some(value.into_user_router());
        self
    }
}

/// A trait without implementations, whose message says that a feature is missing.
#[cfg(not(feature = "http"))]
#[diagnostic::on_unimplemented(
    message = "the option `router` needs the feature `http` of runpod-worker",
    label = "these routes cannot be served",
    note = "add the feature to the dependency in Cargo.toml: runpod-worker = {{ …, features = [\"http\"] }}"
)]
pub trait FeatureHttp {}

impl fmt::Debug for WorkerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerConfig")
            .field("choice", &self.choice)
            .field("concurrency", &self.concurrency.jobs)
            .finish_non_exhaustive()
    }
}
