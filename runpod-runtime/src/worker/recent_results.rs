//! Results that left for the platform a moment ago.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::jobs::Job;
use crate::spool::JobResult;

/// How long a result may be under way before it is kept on disk.
pub(super) const QUICK: Duration = Duration::from_millis(4);

/// After how long it is tried again to keep a result, if the disk is slower than the worker.
const TRY_AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct RecentResults {
    /// Without a spool there is nothing to do.
    keeps: bool,
    results: Mutex<VecDeque<RecentResult>>,
    arrived: Notify,
}

#[derive(Debug)]
pub(super) struct RecentResult {
    since: Instant,
    pub(super) job: Arc<Job>,
    pub(super) result: JobResult,
}

impl RecentResults {
    pub(super) fn new(keeps: bool) -> Self {
        Self {
            keeps,
            results: Mutex::default(),
            arrived: Notify::new(),
        }
    }

    /// A result is on its way now.
    pub(super) fn push(&self, job: &Arc<Job>, result: &JobResult) {
        if !self.keeps {
            return;
        }
        let mut results = self.results();
        results.push_back(RecentResult {
            since: Instant::now(),
            job: Arc::clone(job),
            result: result.clone(),
        });
        if results.len() == 1 {
            drop(results);
            self.arrived.notify_one();
        }
    }

    /// The result could not be given to the spool. It is tried again after a while.
    pub(super) fn push_again(&self, job: Arc<Job>, result: JobResult) {
        let since = Instant::now() + TRY_AGAIN;
        self.results()
            .push_back(RecentResult { since, job, result });
    }

    /// When the oldest one left.
    pub(super) fn oldest(&self) -> Option<Instant> {
        Some(self.results().front()?.since)
    }

    /// The oldest one, if it has been under way for too long.
    pub(super) fn next_due(&self, now: Instant) -> Option<RecentResult> {
        let mut results = self.results();
        (results.front()?.since + QUICK <= now)
            .then(|| results.pop_front())
            .flatten()
    }

    /// Waits until there is one again. For one reader.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// No code of a user's runs under the lock, so a poisoned one still holds a sound queue.
    fn results(&self) -> MutexGuard<'_, VecDeque<RecentResult>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
