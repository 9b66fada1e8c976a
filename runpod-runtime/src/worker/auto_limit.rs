//! The number of slots of a worker with `concurrency = "auto"`: tells the controller what happens, and when.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::adaptive::{Begin, Bounds, Change, Controller, Outcome};
use super::consecutive_failures::Verdict;
use super::events::WorkerEvent;

/// The controller, with the worker's clock. Only the control thread uses it.
#[derive(Debug)]
pub(super) struct AutoLimit {
    begun: Instant,
    controller: Mutex<Controller>,
}

impl AutoLimit {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            begun: Instant::now(),
            controller: Mutex::new(Controller::new(bounds)),
        }
    }

    /// Returns how many jobs may run at once.
    pub(super) fn limit(&self) -> usize {
        self.controller().limit()
    }

    /// Returns the beginning of a job that has just got its slot.
    pub(super) fn begins(&self) -> Begin {
        let now = self.now();
        self.controller().begins(now)
    }

    /// Records the number of slots in use.
    pub(super) fn observe(&self, in_use: usize) {
        let now = self.now();
        let change = self.controller().observe(in_use, now);
        report(change);
    }

    /// Records that a handler has finished, or that its job was stopped. Call this before the number of slots in use is
    /// observed again.
    pub(super) fn finished(&self, begin: Begin, verdict: Verdict) {
        let outcome = match verdict {
            Verdict::Succeeded => Outcome::Succeeded,
            Verdict::Failed => Outcome::Failed,
            Verdict::None => Outcome::Unknown,
        };
        let now = self.now();
        let change = self.controller().finished(begin, outcome, now);
        report(change);
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// No user code runs while this lock is held, so the controller is intact even if the lock is poisoned.
    fn controller(&self) -> MutexGuard<'_, Controller> {
        self.controller
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn report(change: Option<Change>) {
    if let Some(Change { from, to, why }) = change {
        WorkerEvent::ConcurrencyChanged { from, to, why }.emit();
    }
}
