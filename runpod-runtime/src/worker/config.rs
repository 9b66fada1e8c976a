//! How a worker behaves, as `#[runpod::main(...)]` or [`WorkerBuilder`](crate::WorkerBuilder) says.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::handler::{Choice, FunctionId, Modifier};

/// The options of a worker. The attribute and the builder both fill it, and it goes unchanged to the worker's loop.
#[derive(Clone)]
pub struct WorkerConfig {
    pub(crate) choice: Choice,
    /// A fresh worker after every job, even a failed one.
    pub(crate) refresh_worker: bool,
    /// Whether a stream's result repeats all its items.
    pub(crate) return_aggregate_stream: bool,
    /// How many jobs may run at once, at first; 0 counts as 1.
    pub(crate) concurrency: usize,
    pub(crate) concurrency_modifier: Option<Modifier>,
    /// After this many failed jobs in a row the worker is broken.
    pub(crate) max_consecutive_failures: Option<NonZeroUsize>,
    /// Threads for async handlers; as many as the machine has processors if `None`.
    pub(crate) worker_threads: Option<usize>,
}

/// What generated code calls: one function for each option that the attribute was given.
impl WorkerConfig {
    /// Nothing was given.
    pub const NEW: Self = Self {
        choice: Choice {
            handler: None,
            route: None,
        },
        refresh_worker: false,
        return_aggregate_stream: false,
        concurrency: 1,
        concurrency_modifier: None,
        max_consecutive_failures: None,
        worker_threads: None,
    };

    /// A fresh worker after every job, even a failed one.
    #[must_use]
    pub fn refresh_worker(mut self, value: bool) -> Self {
        self.refresh_worker = value;
        self
    }

    /// Whether a stream's result repeats all its items.
    #[must_use]
    pub fn return_aggregate_stream(mut self, value: bool) -> Self {
        self.return_aggregate_stream = value;
        self
    }

    /// How many jobs may run at once.
    #[must_use]
    pub fn concurrency(mut self, value: usize) -> Self {
        self.concurrency = value;
        self
    }

    /// From the current concurrency to the next one, asked before every take.
    #[must_use]
    pub fn concurrency_modifier(mut self, value: fn(usize) -> usize) -> Self {
        self.concurrency_modifier = Some(Arc::new(value));
        self
    }

    /// The handler that gets all jobs.
    #[must_use]
    pub fn handler(mut self, value: fn() -> FunctionId) -> Self {
        self.choice.handler = Some(value());
        self
    }

    /// The key of the input that names the handler.
    #[must_use]
    pub fn route(mut self, value: &'static str) -> Self {
        self.choice.route = Some(value);
        self
    }

    /// How many failed jobs in a row mean that the worker is broken; 0: none do.
    #[must_use]
    pub fn max_consecutive_failures(mut self, value: usize) -> Self {
        self.max_consecutive_failures = NonZeroUsize::new(value);
        self
    }

    /// Threads for async handlers.
    #[must_use]
    pub fn worker_threads(mut self, value: usize) -> Self {
        self.worker_threads = Some(value);
        self
    }
}

impl fmt::Debug for WorkerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerConfig")
            .field("choice", &self.choice)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}
