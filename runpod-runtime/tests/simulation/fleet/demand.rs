//! What clients submit: the kinds of jobs, how long they run, and when they arrive.

use std::f64::consts::TAU;

use super::events::{Time, in_secs, secs};
use crate::traffic::exponential;

/// A kind of job, and the model that runs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Profile {
    pub(super) name: &'static str,
    /// The median length of a job in seconds. The lengths have a log-normal distribution.
    pub(super) median: f64,
    pub(super) sigma: f64,
    /// The share of jobs that take ten times as long.
    pub(super) tail: f64,
    /// The time in seconds until a new container has loaded its model.
    pub(super) cold_start: f64,
    /// The number of jobs that run in a worker at the same time.
    pub(super) slots: usize,
    /// If set, the jobs of a worker share calls of the model.
    pub(super) batch: Option<Batching>,
}

/// A model whose call costs a fixed part and a part for each job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batching {
    pub(super) fixed: f64,
    pub(super) each: f64,
    pub(super) max_batch_size: usize,
}

impl Profile {
    pub(super) const EMBEDDINGS: Self = Self {
        name: "embeddings, 20 ms",
        median: 0.020,
        sigma: 0.3,
        tail: 0.005,
        cold_start: 8.0,
        slots: 4,
        batch: None,
    };
    pub(super) const CHAT: Self = Self {
        name: "language model, 5 s",
        median: 5.0,
        sigma: 0.7,
        tail: 0.005,
        cold_start: 40.0,
        slots: 8,
        batch: None,
    };
    pub(super) const IMAGES: Self = Self {
        name: "images, 8 s",
        median: 8.0,
        sigma: 0.3,
        tail: 0.005,
        cold_start: 20.0,
        slots: 1,
        batch: None,
    };
    /// Embeddings on a model that runs many jobs in one call.
    pub(super) const BATCHED: Self = Self {
        name: "embeddings in batches",
        slots: 64,
        batch: Some(Batching {
            fixed: 0.020,
            each: 0.001,
            max_batch_size: 32,
        }),
        ..Self::EMBEDDINGS
    };

    pub(super) fn length(&self, random: &mut fastrand::Rng) -> Time {
        let factor = if random.f64() < self.tail { 10.0 } else { 1.0 };
        secs(self.median * factor * (self.sigma * normal(random)).exp())
    }
}

/// Returns a random number with a normal distribution, the mean 0 and the variance 1.
pub(super) fn normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (TAU * random.f64()).cos()
}

/// Arrivals at random times. The rate rises and falls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// The mean number of jobs per second.
    pub(super) rate: f64,
    /// How far the rate rises and falls, as a share of the mean.
    pub(super) swing: f64,
    /// The seconds from one maximum to the next.
    pub(super) period: f64,
    /// The seconds during which jobs arrive.
    pub(super) lasts: f64,
}

impl Demand {
    /// Returns the time of the next job, or `None` if no more jobs arrive.
    pub(super) fn next(&self, now: Time, random: &mut fastrand::Rng) -> Option<Time> {
        let highest = self.rate * (1.0 + self.swing);
        let mut at = in_secs(now);
        loop {
            at += exponential(random) / highest;
            if at >= self.lasts {
                return None;
            }
            let rate = self.rate * self.swing.mul_add(-(TAU * at / self.period).cos(), 1.0);
            if random.f64() * highest < rate {
                return Some(secs(at));
            }
        }
    }
}
