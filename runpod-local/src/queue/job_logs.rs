//! Lines that a worker in this process logs, shown on the job's page.

use super::handle::Queue;
use super::id::JobId;
use super::log_lines::LogLine;

/// Takes log lines of jobs, for their pages: the newest 1,000 of a job, or 256 KiB (262,144 bytes), are kept, unless
/// [`Limits`](crate::Limits) say otherwise.
///
/// For workers in this process. Those elsewhere have their log in their own terminal.
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

    /// Adds a line to a job; dropped where there is no such job. The level is one of `TRACE`, `DEBUG`, `INFO`, `WARN` and
    /// `ERROR`; any other counts as `INFO`.
    pub fn push(&self, job_id: &str, level: &str, text: &str) {
        if let Some(id) = JobId::parse(job_id) {
            self.0.log(id, LogLine::new(level, text));
        }
    }
}
