//! Measures jobs while all slots are in use.

use std::time::Duration;

use super::sample::Sample;
use super::spread::Spread;

/// All slots count as in use if this share of them is free at most, because a slot is free while the worker takes the
/// next job.
const FREE: usize = 8;

/// How a job has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Succeeded,
    Failed,
    /// The job says nothing about the worker, for example because its input was wrong or because it was stopped.
    Unknown,
}

/// When a job started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begin {
    at: Duration,
    /// The total time with all slots in use, until then.
    full: Duration,
}

/// The measurement at one limit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measurement {
    limit: usize,
    in_use: usize,
    now: Duration,
    /// The total time with all slots in use.
    full: Duration,
    /// The jobs that are still to be ignored, because they started at another limit.
    settle: usize,
    /// The jobs since the last start, without those that were ignored.
    pub(crate) sample: Sample,
    /// The jobs since the last start, with those that were ignored.
    pub(crate) all: Sample,
    pub(crate) spread: Spread,
}

impl Measurement {
    /// Starts again, at this limit. Call [`settle`](Self::settle) as well if jobs of another limit may still run.
    pub(crate) fn start(&mut self, limit: usize) {
        self.limit = limit;
        self.sample = Sample::default();
        self.all = Sample::default();
    }

    /// Ignores as many jobs as there are slots.
    pub(crate) fn settle(&mut self) {
        self.settle = self.limit;
    }

    /// Returns the beginning of a job that gets its slot now.
    pub(crate) fn begins(&mut self, now: Duration) -> Begin {
        self.pass(now);
        Begin {
            at: self.now,
            full: self.full,
        }
    }

    /// Records that this many slots are in use from now on.
    pub(crate) fn observe(&mut self, in_use: usize, now: Duration) {
        self.pass(now);
        self.in_use = in_use;
    }

    /// Records that a job has ended.
    pub(crate) fn finished(&mut self, begin: Begin, outcome: Outcome, now: Duration) {
        self.pass(now);
        let took = self.now.saturating_sub(begin.at);
        let full = self.full.saturating_sub(begin.full);
        let share = if took.is_zero() {
            1.0
        } else {
            full.as_secs_f64() / took.as_secs_f64()
        };
        let is_settling = self.settle > 0;
        match outcome {
            Outcome::Unknown => {
                // Otherwise, its time in the slot would look like that of a job that hardly finishes.
                self.all.forget(full);
                if !is_settling {
                    self.sample.forget(full);
                }
                return;
            }
            Outcome::Failed => {
                self.all.failed();
                if !is_settling {
                    self.sample.failed();
                }
            }
            Outcome::Succeeded => {
                self.spread.add(took);
                self.all.succeeded(share);
                if !is_settling {
                    self.sample.succeeded(share);
                }
            }
        }
        if is_settling && self.in_use <= self.limit {
            self.settle -= 1;
        }
    }

    fn pass(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.now);
        self.now = self.now.max(now);
        if self.is_full() {
            self.full += passed;
            self.all.pass(self.in_use, passed);
            if self.settle == 0 {
                self.sample.pass(self.in_use, passed);
            }
        }
    }

    /// Returns whether all slots are in use. Only then do jobs show what the limit does.
    fn is_full(&self) -> bool {
        let enough = self.limit - self.limit / FREE;
        (enough..=self.limit).contains(&self.in_use)
    }
}
