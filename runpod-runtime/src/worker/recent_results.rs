//! Results that were posted in the last few milliseconds, and whether the platform accepts results that quickly.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::jobs::Job;
use crate::handler::Outbox;
use crate::spool::JobResult;

/// A result that the platform has not accepted after this time is kept on disk.
pub(super) const QUICK: Duration = Duration::from_millis(4);

/// Keeps a result on disk, with the stream items that the platform does not have yet. False if the disk is too far behind.
fn keep(job: &Job, result: &JobResult) -> bool {
    let outbox = job.context.outbox_in_use();
    let items = outbox.map_or_else(Vec::new, Outbox::undelivered_bodies);
    job.copy.keep(JobResult {
        items,
        ..result.clone()
    })
}

#[derive(Debug)]
pub(super) struct RecentResults {
    /// False without a spool.
    keeps: bool,
    /// The platform has accepted the last result within [`QUICK`], so the next result will probably need no file.
    platform_is_quick: AtomicBool,
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
            platform_is_quick: AtomicBool::new(false),
            results: Mutex::default(),
            arrived: Notify::new(),
        }
    }

    /// A result is being posted. The result is kept at once if the platform did not accept the last result quickly, and otherwise
    /// later, if necessary.
    pub(super) fn push(&self, job: &Arc<Job>, result: &JobResult) {
        if !self.keeps {
            return;
        }
        if !self.platform_is_quick.load(Ordering::Relaxed) && keep(job, result) {
            return;
        }
        self.push_back(Arc::clone(job), result.clone());
    }

    fn push_back(&self, job: Arc<Job>, result: JobResult) {
        let since = Instant::now();
        let mut results = self.results();
        results.push_back(RecentResult { since, job, result });
        if results.len() == 1 {
            drop(results);
            self.arrived.notify_one();
        }
    }

    /// The platform has accepted a result that was posted this long ago.
    pub(super) fn accepted_after(&self, time: Duration) {
        self.platform_is_quick
            .store(time < QUICK, Ordering::Relaxed);
    }

    /// When the oldest result was pushed.
    pub(super) fn oldest(&self) -> Option<Instant> {
        Some(self.results().front()?.since)
    }

    /// Takes the oldest result if it was pushed at least [`QUICK`] ago.
    pub(super) fn next_due(&self, now: Instant) -> Option<RecentResult> {
        let mut results = self.results();
        (results.front()?.since + QUICK <= now)
            .then(|| results.pop_front())
            .flatten()
    }

    /// Keeps a result that the platform has not accepted quickly, unless it is accepted by now. If the disk is too far behind, the
    /// result has another turn.
    pub(super) fn keep_slow(&self, job: Arc<Job>, result: JobResult) {
        // If a result of this job is kept already, it is newer: this one was refused.
        if job.is_done() || job.copy.is_kept() {
            return;
        }
        self.platform_is_quick.store(false, Ordering::Relaxed);
        if !keep(&job, &result) {
            self.push_back(job, result);
        }
    }

    /// Waits until there is a result again. For one task.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// No code of a user's runs under the lock, so a poisoned one still holds a sound queue.
    fn results(&self) -> MutexGuard<'_, VecDeque<RecentResult>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
