//! Log lines from a worker in this process, shown on the job's page.

use super::handle::Queue;
use super::id::JobId;
use super::log_lines::LogLine;

/// Adds log lines to the pages of jobs, for workers in this process.
///
/// The newest 1,000 lines of a job are kept, up to 256 KiB (262,144 bytes), unless [`Limits`](crate::Limits) change
/// this. Workers in other processes have their logs in their own terminals.
///
/// ```
/// use runpod_local::Endpoint;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), runpod_local::BindError> {
/// let endpoint = Endpoint::new().bind("127.0.0.1", 0).await?;
/// let logs = endpoint.job_logs();
/// logs.push("5b0f0c4e-6a1c-4b7e-9a54-2f3a4d1e6b70-l1", "INFO", "Started.");
/// # endpoint.shutdown().await;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct JobLogs(Queue);

impl JobLogs {
    pub(crate) fn of(queue: Queue) -> Self {
        Self(queue)
    }

    /// Adds a line to a job's log. If there is no such job, the line is dropped.
    ///
    /// `level` is one of `TRACE`, `DEBUG`, `INFO`, `WARN` and `ERROR`. Any other level counts as `INFO`.
    pub fn push(&self, job_id: &str, level: &str, text: &str) {
        if let Some(id) = JobId::parse(job_id) {
            self.0.log(id, LogLine::new(level, text));
        }
    }
}
