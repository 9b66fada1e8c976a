//! Lines that a worker in this process logs, shown on the job's page.

use super::clock_time::unix_ms;
use super::{JobId, LogLine, Queue};

/// Takes log lines of jobs, for their pages: the newest 1,000 of a job, or 256 KiB, are kept.
#[derive(Debug, Clone)]
pub struct JobLogs(Queue);

impl JobLogs {
    pub(crate) fn of(queue: Queue) -> Self {
        Self(queue)
    }

    /// Adds a line to a job; dropped where there is no such job. The level is a name as `INFO`.
    pub fn push(&self, job_id: &str, level: &str, text: &str) {
        if let Some(id) = JobId::parse(job_id) {
            self.0.log(id, LogLine::new(level, text));
        }
    }
}

impl LogLine {
    pub(crate) fn new(level: &str, text: &str) -> Self {
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
        let known = levels
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(level));
        Self {
            time: unix_ms(),
            level: known.unwrap_or("INFO"),
            text: text.into(),
        }
    }

    pub(crate) fn warning(text: &str) -> Self {
        Self::new("WARN", text)
    }
}
