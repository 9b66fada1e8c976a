//! The state that the tasks of the control thread share.

use std::sync::Arc;

use super::Handlers;
use super::auto_limit::AutoLimit;
use super::consecutive_failures::ConsecutiveFailures;
use super::execute::Execution;
use super::inbox::{Inbox, Link};
use super::jobs::Jobs;
use super::recent_results::RecentResults;
use super::retry_budget::RetryBudget;
use super::shutdown::Shutdown;
use crate::platform::{FailedStart, Platform};
use crate::process::panics::Panic;
use crate::spool::SpoolWriter;

/// The state that the tasks of the control thread share.
pub(super) struct Control {
    pub(super) platform: Arc<dyn Platform>,
    pub(super) execution: Arc<Execution>,
    pub(super) spool: Option<SpoolWriter>,
    pub(super) worker_id: Arc<str>,
    pub(super) handlers: Handlers,
    pub(super) jobs: Jobs,
    pub(super) inbox: Arc<Inbox>,
    pub(super) link: Arc<Link>,
    pub(super) recent: RecentResults,
    pub(super) retries: RetryBudget,
    pub(super) failures: ConsecutiveFailures,
    pub(super) shutdown: Shutdown,
    /// Why the worker could not start. It then runs no job.
    pub(super) failed_start: Option<FailedStart>,
    /// Chooses the number of slots, if the worker does that itself.
    pub(super) auto: Option<AutoLimit>,
}

impl Control {
    /// Describes a panic in the worker's own code, for logs and clients.
    pub(super) fn panic_message(&self, panic: &Panic) -> String {
        let place = panic.place.as_deref().unwrap_or("an unknown place");
        let message = format!(
            "the worker panicked while it worked on this job: {} (at {place}); this is a bug in runpod-worker",
            panic.message
        );
        self.execution.reporter.redacted(&message).into_owned()
    }
}
