//! The list of events that workers have reported.

use std::sync::Arc;

use serde::Serialize;

use super::history::{History, Measured};
use super::log_lines::LogLine;

/// The list in the queue's state.
pub(super) type Reported = History<ReportedEvent>;

/// A worker's event as the page shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReportedEvent {
    /// The endpoint's first event has the number 0.
    pub(crate) number: u64,
    pub(crate) worker: Arc<str>,
    pub(crate) event: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job: Option<Arc<str>>,
    #[serde(flatten)]
    pub(crate) line: LogLine,
}

impl Measured for ReportedEvent {
    fn bytes(&self) -> usize {
        let job = self.job.as_deref().unwrap_or_default();
        self.worker.len() + self.event.len() + job.len() + self.line.text.len()
    }
}
