//! Deadlines: the time limits of jobs, the expiry of results, and the alarm that wakes the clock.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::id::JobId;

/// The time at which the clock wakes up, and a signal that wakes it if that time becomes earlier.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    pub(super) at: Option<Instant>,
    pub(super) sooner: Arc<Notify>,
}

impl Alarm {
    pub(super) fn no_later_than(&mut self, at: Instant) {
        if self.at.is_none_or(|set| at < set) {
            self.at = Some(at);
            self.sooner.notify_one();
        }
    }
}

/// The time limits of jobs, the earliest first. Outdated entries stay until they are due or there are too many of them.
#[derive(Debug, Default)]
pub(super) struct Deadlines(BinaryHeap<Reverse<(Instant, JobId)>>);

impl Deadlines {
    pub(super) fn push(&mut self, at: Instant, job: JobId) {
        self.0.push(Reverse((at, job)));
    }

    pub(super) fn pop_due(&mut self, now: Instant) -> Option<(Instant, JobId)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse(due)| due)
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Removes outdated entries if they are the majority.
    pub(super) fn tidy(&mut self, open: usize, holds: impl Fn(Instant, JobId) -> bool) {
        if self.0.len() > 1_024 + 4 * open {
            self.0.retain(|Reverse((at, job))| holds(*at, *job));
        }
    }
}

/// Finished jobs with the times when they expire: jobs of `/run`, and jobs of `/runsync`, which are kept for a shorter
/// time.
#[derive(Debug, Default)]
pub(super) struct Retention([VecDeque<(Instant, JobId)>; 2]);

impl Retention {
    pub(super) fn push(&mut self, at: Instant, job: JobId) {
        self.0[usize::from(job.is_sync())].push_back((at, job));
    }

    /// Returns the job that expires first.
    pub(super) fn next(&self) -> Option<(Instant, JobId)> {
        let next = self.0.iter().filter_map(|jobs| jobs.front());
        next.min_by_key(|(at, _)| *at).copied()
    }

    pub(super) fn pop(&mut self) -> Option<(Instant, JobId)> {
        let (_, job) = self.next()?;
        self.0[usize::from(job.is_sync())].pop_front()
    }
}
