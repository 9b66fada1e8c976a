//! The waiting jobs, and the decision to start a call.

use std::collections::VecDeque;
use std::time::Duration;

use super::after_calls::AfterCalls;
use super::arrivals::Arrivals;
use super::cost::Cost;
use super::limits::{Limits, TooHeavy};
use super::patience::{self, Situation};

/// The jobs that wait for a call, in the order in which they arrived.
///
/// The caller reports everything that happens, and calls [`poll`](Self::poll) after each report and at the time that
/// `poll` returned.
#[derive(Debug)]
pub(crate) struct Schedule<J> {
    limits: Limits,
    waiting: VecDeque<Waiting<J>>,
    next_key: u64,
    /// Jobs that will be pushed in a moment.
    announced: usize,
    running: usize,
    /// Since when a call could start.
    free_since: Duration,
    cost: Cost,
    arrivals: Arrivals,
    after_calls: AfterCalls,
}

#[derive(Debug)]
struct Waiting<J> {
    key: Key,
    job: J,
    weight: usize,
    since: Duration,
}

/// Identifies a waiting job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(u64);

/// What to do next.
#[derive(Debug)]
pub(crate) enum Next<J> {
    /// Start a call with these jobs, and then ask again.
    Dispatch(Batch<J>),
    /// Ask again at this time, unless something happens before.
    WaitUntil(Duration),
    /// Ask again when something has happened.
    Nothing,
}

/// The jobs of one call, in the order in which they arrived.
#[derive(Debug)]
pub(crate) struct Batch<J> {
    pub(crate) jobs: Vec<J>,
    pub(crate) call: Call,
}

/// A running call. It must be given back to the schedule when the call has finished.
#[derive(Debug)]
#[must_use]
pub(crate) struct Call {
    jobs: usize,
    size: usize,
    started: Duration,
}

impl<J> Schedule<J> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            next_key: 0,
            announced: 0,
            running: 0,
            free_since: Duration::ZERO,
            cost: Cost::default(),
            arrivals: Arrivals::default(),
            after_calls: AfterCalls::default(),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Reports that a job will be pushed in a moment, so a call that is not full waits for it.
    pub(crate) fn announce(&mut self) {
        self.announced += 1;
    }

    /// Reports that an announced job has been pushed, or that it will not be.
    pub(crate) fn arrived_or_left(&mut self) {
        self.announced = self.announced.saturating_sub(1);
    }

    /// Checks whether a job of this weight fits into a call.
    ///
    /// # Errors
    ///
    /// Returns an error if the job alone exceeds the maximum weight.
    pub(crate) fn check(&self, weight: usize) -> Result<(), TooHeavy> {
        match self.limits.max_weight.filter(|most| weight > *most) {
            Some(max_weight) => Err(TooHeavy { weight, max_weight }),
            None => Ok(()),
        }
    }

    /// Adds a job at the end of the queue.
    ///
    /// # Errors
    ///
    /// Returns an error if the job alone exceeds the maximum weight.
    pub(crate) fn push(&mut self, job: J, weight: usize, now: Duration) -> Result<Key, TooHeavy> {
        self.check(weight)?;
        let key = Key(self.next_key);
        self.next_key += 1;
        self.arrivals.arrived(weight, now);
        self.after_calls.arrived(now);
        self.waiting.push_back(Waiting {
            key,
            job,
            weight,
            since: now,
        });
        Ok(key)
    }

    /// Removes a job, because it was cancelled. `None` if it is already part of a call.
    pub(crate) fn remove(&mut self, key: Key) -> Option<J> {
        let found = self.waiting.binary_search_by_key(&key, |it| it.key).ok()?;
        Some(self.waiting.remove(found)?.job)
    }

    /// Decides what to do now.
    pub(crate) fn poll(&mut self, now: Duration) -> Next<J> {
        let Some(oldest) = self.waiting.front() else {
            return Next::Nothing;
        };
        if self.running >= self.limits.most_calls() {
            return Next::Nothing;
        }
        let since = oldest.since.max(self.free_since);
        let deadline = since.saturating_add(self.limits.max_wait);
        let (jobs, size, full) = self.next_batch();
        if full || now >= deadline {
            return Next::Dispatch(self.dispatch(jobs, size, now));
        }
        if self.announced > 0 {
            return Next::WaitUntil(deadline);
        }
        match self.worth_waiting_for(jobs, now) {
            Some(until) if until > now => Next::WaitUntil(until.min(deadline)),
            _ => Next::Dispatch(self.dispatch(jobs, size, now)),
        }
    }

    /// Takes back a call that has finished, and learns from its duration.
    pub(crate) fn finished(&mut self, call: &Call, now: Duration) {
        self.cost
            .measure(call.size, now.saturating_sub(call.started));
        self.failed(call, now);
    }

    /// Takes back a call that failed or did not run, so its duration says nothing.
    pub(crate) fn failed(&mut self, call: &Call, now: Duration) {
        self.after_calls.finished(call.jobs, now);
        if self.running >= self.limits.most_calls() {
            self.free_since = now;
        }
        self.running = self.running.saturating_sub(1);
    }

    /// Returns the jobs of the next call: the longest prefix of the queue that is within the limits. Also returns its
    /// size, and whether another job could not join it.
    fn next_batch(&self) -> (usize, usize, bool) {
        let (mut jobs, mut size): (usize, usize) = (0, 0);
        for waiting in &self.waiting {
            let with_it = size.saturating_add(waiting.weight);
            if !self.limits.allow(jobs + 1, with_it) {
                return (jobs, size, true);
            }
            (jobs, size) = (jobs + 1, with_it);
        }
        let full = !self.limits.allow(jobs + 1, size);
        (jobs, size, full || self.limits.max_weight == Some(size))
    }

    fn dispatch(&mut self, jobs: usize, size: usize, now: Duration) -> Batch<J> {
        self.running += 1;
        Batch {
            jobs: self.waiting.drain(..jobs).map(|it| it.job).collect(),
            call: Call {
                jobs,
                size,
                started: now,
            },
        }
    }

    fn worth_waiting_for(&self, jobs: usize, now: Duration) -> Option<Duration> {
        // If a second call can start, the next job waits for nobody.
        if self.limits.most_calls() - self.running > 1 {
            return None;
        }
        let spent = |job: &Waiting<J>| {
            let since = job.since.max(self.free_since);
            now.saturating_sub(since).as_secs_f64()
        };
        let situation = Situation {
            waiting: jobs,
            spent: self.waiting.iter().map(spent).sum(),
            idle: self.waiting.front().map_or(0.0, spent),
            now,
        };
        patience::wait_until(&self.cost, &self.arrivals, &self.after_calls, situation)
    }
}
