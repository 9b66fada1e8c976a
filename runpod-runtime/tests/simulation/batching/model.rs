//! A model whose call costs a fixed part and a part for each job.

use std::time::Duration;

use crate::traffic::jitter;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Model {
    pub(crate) fixed_ms: f64,
    pub(crate) each_ms: f64,
    pub(crate) max_batch_size: usize,
}

impl Model {
    /// A model on a GPU: a call with 32 jobs takes not much longer than a call with one job.
    pub(crate) const GPU: Self = Self {
        fixed_ms: 20.0,
        each_ms: 1.0,
        max_batch_size: 32,
    };
    /// A model that gains little from batches.
    pub(crate) const CPU: Self = Self {
        fixed_ms: 10.0,
        each_ms: 10.0,
        max_batch_size: 32,
    };

    pub(crate) fn takes(&self, jobs: usize, random: &mut fastrand::Rng) -> Duration {
        let ms = self.each_ms.mul_add(jobs as f64, self.fixed_ms);
        Duration::from_secs_f64(ms / 1000.0 * jitter(random))
    }

    /// Returns the number of jobs per second with full batches only.
    pub(crate) fn capacity(&self) -> f64 {
        let jobs = self.max_batch_size as f64;
        1000.0 * jobs / self.each_ms.mul_add(jobs, self.fixed_ms)
    }
}
