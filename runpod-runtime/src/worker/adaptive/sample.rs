//! The jobs that were measured at one limit.

use std::time::Duration;

/// A sample of no more than this many jobs is kept, so that a sample follows jobs that become slower.
const MOST_JOBS: f64 = 256.0;
/// The standard error from groups of jobs, for a sample with as many jobs as slots.
const GROUP: f64 = 0.2;

/// The jobs that ran while all slots were in use, and the time that passed meanwhile.
///
/// A job that ran only partly in this time counts as that part of a job. The time of a job is measured as the time of
/// all slots divided by the number of jobs. Unlike the mean duration of the jobs that have finished, this value is right
/// even if the long jobs are still running.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// The time during which all slots were in use.
    seconds: f64,
    /// The sum of the times during which each slot was in use, without those of jobs that say nothing.
    slot_seconds: f64,
    /// The sum of the parts of the jobs that have succeeded.
    jobs: f64,
    /// The number of these jobs.
    successes: usize,
    /// The jobs that have failed.
    failures: f64,
}

impl Sample {
    /// Adds a time during which this many slots were in use.
    pub(crate) fn pass(&mut self, in_use: usize, time: Duration) {
        let seconds = time.as_secs_f64();
        self.seconds += seconds;
        self.slot_seconds += seconds * float(in_use);
    }

    /// Adds a job that ran with all slots in use for this share of its time.
    pub(crate) fn succeeded(&mut self, share: f64) {
        self.jobs += share;
        if share >= 0.5 {
            self.successes += 1;
        }
    }

    pub(crate) fn failed(&mut self) {
        self.failures += 1.0;
    }

    /// Removes the time of a job that says nothing. All slots were in use for this much of its time; the last part of
    /// it, which may be all of it, is in this sample.
    pub(crate) fn forget(&mut self, full: Duration) {
        let time = full.as_secs_f64().min(self.seconds);
        self.slot_seconds = (self.slot_seconds - time).max(0.0);
    }

    pub(crate) fn jobs(&self) -> f64 {
        self.jobs
    }

    /// Returns the number of jobs that ran mostly with all slots in use.
    pub(crate) fn successes(&self) -> usize {
        self.successes
    }

    pub(crate) fn failures(&self) -> f64 {
        self.failures
    }

    pub(crate) fn slot_seconds(&self) -> f64 {
        self.slot_seconds
    }

    /// Returns the mean number of jobs at once.
    pub(crate) fn at_once(&self) -> f64 {
        self.slot_seconds / self.seconds.max(f64::MIN_POSITIVE)
    }

    /// Returns the successful jobs per second. Never 0, because the controller divides by it.
    pub(crate) fn throughput(&self) -> f64 {
        self.jobs.max(0.5) / self.seconds.max(1e-9)
    }

    /// Returns the time of all slots for each successful job, in seconds.
    pub(crate) fn seconds_per_job(&self) -> f64 {
        self.slot_seconds / self.jobs.max(0.5)
    }

    /// Returns the share of the jobs that have failed.
    pub(crate) fn failed_share(&self) -> f64 {
        self.failures / (self.jobs + self.failures).max(1.0)
    }

    /// Returns the standard error of the throughput, as a share of it. `spread` is that of the jobs' durations.
    ///
    /// The error has two parts. The jobs in the sample may be longer or shorter than others. And jobs that started
    /// together finish together, so the sample may contain a part of the next such group, or lack a part of its last
    /// group.
    pub(crate) fn error(&self, spread: f64) -> f64 {
        let jobs = self.jobs.max(1.0);
        let group = GROUP * self.at_once() / jobs;
        (spread / jobs.sqrt()).hypot(group)
    }

    /// Adds the jobs of a sample at another limit, as if they had run at this one.
    pub(crate) fn join(&mut self, other: &Self) {
        let at_once = self.at_once().max(f64::MIN_POSITIVE);
        let other = Self {
            seconds: other.slot_seconds / at_once,
            ..*other
        };
        let own = std::mem::replace(self, other);
        self.extend(&own);
    }

    /// Adds a later sample at the same limit. Old jobs then count less.
    pub(crate) fn extend(&mut self, later: &Self) {
        let keep = ((MOST_JOBS - later.jobs) / self.jobs.max(1.0)).clamp(0.0, 1.0);
        let add = |old: &mut f64, new: f64| *old = *old * keep + new;
        add(&mut self.seconds, later.seconds);
        add(&mut self.slot_seconds, later.slot_seconds);
        add(&mut self.jobs, later.jobs);
        add(&mut self.failures, later.failures);
        self.successes = self.successes.saturating_add(later.successes);
    }
}

#[expect(clippy::cast_precision_loss, reason = "the number is small")]
pub(crate) fn float(number: usize) -> f64 {
    number as f64
}
