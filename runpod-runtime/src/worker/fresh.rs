//! Results that were posted a moment ago. What the platform has not accepted after a few milliseconds is kept on disk.
//!
//! A result that has left for the platform is as safe from a kill as a file, so a platform that answers quickly costs no file
//! at all. One timer serves all results.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::Shared;
use super::deliver::item_bodies;
use super::jobs::Job;
use crate::spool::JobResult;

/// How long a result may be under way before it is kept on disk.
const QUICK: Duration = Duration::from_millis(4);

#[derive(Debug)]
pub(super) struct Fresh {
    /// Without a spool there is nothing to do.
    keeps: bool,
    results: Mutex<VecDeque<FreshResult>>,
    arrived: Notify,
}

#[derive(Debug)]
struct FreshResult {
    since: Instant,
    job: Arc<Job>,
    result: JobResult,
}

impl Fresh {
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
        results.push_back(FreshResult {
            since: Instant::now(),
            job: Arc::clone(job),
            result: result.clone(),
        });
        if results.len() == 1 {
            drop(results);
            self.arrived.notify_one();
        }
    }

    fn oldest(&self) -> Option<Instant> {
        Some(self.results().front()?.since)
    }

    fn next_due(&self, now: Instant) -> Option<FreshResult> {
        let mut results = self.results();
        (results.front()?.since + QUICK <= now)
            .then(|| results.pop_front())
            .flatten()
    }

    /// No code of a user's runs under the lock, so a poisoned one still holds a sound queue.
    fn results(&self) -> MutexGuard<'_, VecDeque<FreshResult>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps on disk what is under way for too long, until the worker ends.
pub(super) async fn keep_slow_results(shared: Arc<Shared>) {
    loop {
        while let Some(oldest) = shared.fresh.oldest() {
            sleep_until(oldest + QUICK).await;
            let now = Instant::now();
            while let Some(FreshResult { job, result, .. }) = shared.fresh.next_due(now) {
                // A kept one is newer than this: the first was refused.
                if !job.is_done() && !job.copy.is_kept() {
                    let items = job.context.outbox_in_use();
                    let items = items.map_or_else(Vec::new, |it| item_bodies(&it.undelivered()));
                    job.copy.keep(JobResult { items, ..result });
                }
            }
        }
        shared.fresh.arrived.notified().await;
    }
}
