//! The limits of a batch.

use std::time::Duration;

/// The limits that the user chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The maximum number of jobs in a call. 0 counts as 1.
    pub(crate) max_batch_size: usize,
    /// The maximum total weight of the jobs in a call.
    pub(crate) max_weight: Option<usize>,
    /// How long a job may wait for other jobs while a call could start.
    pub(crate) max_wait: Duration,
    /// How many calls may run at the same time. 0 counts as 1.
    pub(crate) concurrent_batches: usize,
}

impl Limits {
    pub(crate) const NEW: Self = Self {
        max_batch_size: 32,
        max_weight: None,
        max_wait: Duration::from_millis(20),
        concurrent_batches: 1,
    };

    pub(super) fn most_jobs(&self) -> usize {
        self.max_batch_size.max(1)
    }

    pub(super) fn most_calls(&self) -> usize {
        self.concurrent_batches.max(1)
    }

    /// Returns whether a call with `jobs` jobs and this total weight is within the limits.
    pub(super) fn allow(&self, jobs: usize, weight: usize) -> bool {
        jobs <= self.most_jobs() && self.max_weight.is_none_or(|most| weight <= most)
    }
}

/// A job that exceeds the maximum weight on its own, so it fits into no call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooHeavy {
    pub(crate) weight: usize,
    pub(crate) max_weight: usize,
}
