//! The limit of the start, and a future that stops the worker.

use std::future::Future;
use std::time::Duration;

use super::WorkerBuilder;

impl WorkerBuilder {
    /// Sets how long the state may take to load on Runpod. The default is 800 seconds, and the environment variable
    /// `RUNPOD_INIT_TIMEOUT` has priority.
    ///
    /// A start that takes longer fails: the worker fails one job with the reason and reports itself unhealthy, and
    /// [`run`](Self::run) returns an error. A state that exists before `run` is called is not limited.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use runpod::Worker;
    ///
    /// let worker = Worker::builder().handler(async || "done").init_timeout(Duration::from_mins(5));
    /// # drop(worker);
    /// ```
    pub fn init_timeout(mut self, most: Duration) -> Self {
        self.config.init_timeout = Some(most);
        self
    }

    /// Stops the worker when `signal` completes, like SIGTERM: the worker takes no more jobs and finishes the running
    /// jobs within the grace time (`RUNPOD_SHUTDOWN_GRACE_S`), and [`run`](Self::run) returns.
    ///
    /// The future is polled by `run`, so it may use the runtime that awaits `run`. The worker also stops at a signal from
    /// the system. To drop the future of `run` stops the worker as well, but then nothing waits for the running jobs,
    /// and a process that exits soon loses them.
    ///
    /// ```
    /// use runpod::Worker;
    /// use tokio::sync::oneshot;
    ///
    /// let (stop, stopped) = oneshot::channel::<()>();
    /// let worker = Worker::builder()
    ///     .handler(async |input: u64| input * 2)
    ///     .with_graceful_shutdown(async {
    ///         // Also completes if the sender is dropped.
    ///         let _ = stopped.await;
    ///     });
    /// # drop((worker, stop));
    /// ```
    pub fn with_graceful_shutdown(
        mut self,
        signal: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.stop = Some(Box::pin(signal));
        self
    }
}
