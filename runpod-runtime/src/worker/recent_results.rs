//! The results that were posted in the last few milliseconds, and whether the platform accepts results that quickly.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::jobs::Job;
use crate::handler::Outbox;
use crate::spool::JobResult;

/// If the platform has not accepted a result after this time, the result is kept on disk.
pub(super) const QUICK: Duration = Duration::from_millis(4);

/// Keeps a result on disk, with the stream items that the platform does not have yet. Returns false if the disk is too
/// far behind.
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
    /// False if there is no spool.
    keeps: bool,
    /// Whether the platform accepted the last result within [`QUICK`]. If so, the next result will probably need no
    /// file.
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

    /// Records that a result is being posted. If the platform did not accept the last result quickly, this result is
    /// kept immediately. Otherwise it is kept later, if necessary.
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

    /// Records that the platform accepted a result this long after it was posted.
    pub(super) fn accepted_after(&self, time: Duration) {
        self.platform_is_quick
            .store(time < QUICK, Ordering::Relaxed);
    }

    /// Returns when the oldest result was added.
    pub(super) fn oldest(&self) -> Option<Instant> {
        Some(self.results().front()?.since)
    }

    /// Takes the oldest result if it was added at least [`QUICK`] ago.
    pub(super) fn next_due(&self, now: Instant) -> Option<RecentResult> {
        let mut results = self.results();
        (results.front()?.since + QUICK <= now)
            .then(|| results.pop_front())
            .flatten()
    }

    /// Keeps a result that the platform has not accepted quickly, unless it has been accepted by now. If the disk is
    /// too far behind, the result is queued again.
    pub(super) fn keep_slow(&self, job: Arc<Job>, result: JobResult) {
        // If a result of this job is already kept, it is newer, because this one was refused.
        if job.is_done() || job.copy.is_kept() {
            return;
        }
        self.platform_is_quick.store(false, Ordering::Relaxed);
        if !keep(&job, &result) {
            self.push_back(job, result);
        }
    }

    /// Waits until a result arrives. Only one task may wait.
    pub(super) async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// No user code runs while this lock is held, so the queue is intact even if the lock is poisoned.
    fn results(&self) -> MutexGuard<'_, VecDeque<RecentResult>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
