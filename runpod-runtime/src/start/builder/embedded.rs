//! Makes a worker a part of another program.

use super::WorkerBuilder;
use crate::start::embedded::Settings;

impl WorkerBuilder {
    /// Makes the worker a part of another program, which may run several workers.
    ///
    /// By default, the builder makes the process a worker, like `#[runpod::main]`: [`run`](Self::run) reads the
    /// command line and the environment, answers `--help`, installs a `tracing` subscriber and a panic hook, and stops
    /// at SIGTERM. An embedded worker does none of this:
    ///
    /// - It takes its settings only from `settings`, ignores the command line and reads no `test_input.json`.
    /// - Its log events and spans go to the program's own `tracing` subscriber, if it has one. The span of a job has
    ///   the field `job_id`.
    /// - It installs no panic hook. If a handler panics, its job still fails, but the report does not contain the
    ///   place of the panic.
    /// - It ignores signals. To stop it, drop the future of `run`: the worker then takes no further jobs and finishes in
    ///   the background.
    ///
    /// It always takes jobs from an endpoint, so `RUNPOD_WEBHOOK_GET_JOB` must be set. To try the program on your
    /// machine, use the variables of a local endpoint (`docs/how-to/embed-a-worker.md`).
    ///
    /// ```no_run
    /// use runpod::{Settings, Worker};
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), runpod::Error> {
    ///     let worker = Worker::builder().handler(async |input: u64| input * 2).embedded(Settings::from_env());
    ///     tokio::select! {
    ///         ended = worker.run() => ended,
    ///         _ = tokio::signal::ctrl_c() => Ok(()),
    ///     }
    /// }
    /// ```
    pub fn embedded(mut self, settings: Settings) -> Self {
        self.embedded = Some(settings);
        self
    }
}
