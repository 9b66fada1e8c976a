//! Results that left for the platform a moment ago.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::jobs::Job;
use crate::handler::Outbox;
use crate::spool::JobResult;

/// How long a result may be under way before it is kept on disk.
pub(super) const QUICK: Duration = Duration::from_millis(4);

/// After how long it is tried again to keep a result, if the disk is slower than the worker.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// Keeps a result on disk, with the stream items that the platform does not have yet. False if too much waits to be written.
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
    /// Without a spool there is nothing to do.
    keeps: bool,
    /// The platform has accepted the last result quickly, so that the next one will probably need no file.
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

    /// A result is on its way now. If the platform is not known to be quick, the result is kept at once.
    pub(super) fn push(&self, job: &Arc<Job>, result: &JobResult) {
        if !self.keeps {
            return;
        }
        if !self.platform_is_quick.load(Ordering::Relaxed) && keep(job, result) {
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
    fn push_again(&self, job: Arc<Job>, result: JobResult) {
        let since = Instant::now() + TRY_AGAIN;
        self.results()
            .push_back(RecentResult { since, job, result });
    }

    /// The platform has accepted a result after this time.
    pub(super) fn accepted_after(&self, time: Duration) {
        self.platform_is_quick
            .store(time < QUICK, Ordering::Relaxed);
    }

    /// When the oldest one left.
    pub(super) fn oldest(&self) -> Option<Instant> {
        Some(self.results().front()?.since)
    }

    /// The oldest one, if it was pushed too long ago.
    pub(super) fn next_due(&self, now: Instant) -> Option<RecentResult> {
        let mut results = self.results();
        (results.front()?.since + QUICK <= now)
            .then(|| results.pop_front())
            .flatten()
    }

    /// Keeps a result that the platform has not accepted quickly, if it is still on its way.
    pub(super) fn keep_slow(&self, job: Arc<Job>, result: JobResult) {
        // A kept one is newer than this: the first was refused.
        if job.is_done() || job.copy.is_kept() {
            return;
        }
        self.platform_is_quick.store(false, Ordering::Relaxed);
        if !keep(&job, &result) {
            self.push_again(job, result);
        }
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
