//! Random arrivals and durations. The same seed always gives the same traffic.

use std::time::Duration;

/// Returns the arrival times of a Poisson process with this rate per second.
pub(crate) fn poisson(rate: f64, jobs: usize, seed: u64) -> Vec<Duration> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut now = 0.0;
    let arrivals = (0..jobs).map(|_| {
        now += exponential(&mut random) / rate;
        Duration::from_secs_f64(now)
    });
    arrivals.collect()
}

/// Returns a random number with an exponential distribution and the mean 1.
pub(crate) fn exponential(random: &mut fastrand::Rng) -> f64 {
    -(1.0 - random.f64()).ln()
}

/// Returns a factor from 0.9 to 1.1, by which a duration differs from its mean.
pub(crate) fn jitter(random: &mut fastrand::Rng) -> f64 {
    0.9 + 0.2 * random.f64()
}
