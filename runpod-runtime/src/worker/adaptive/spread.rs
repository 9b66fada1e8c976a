//! How different the durations of jobs are.

use std::time::Duration;

/// Recent jobs count more. Older ones than about this many hardly count.
const REMEMBERED: f64 = 512.0;
/// The guess before the first job: as if this many jobs had differed by as much as their mean. Without it, a few jobs
/// that happen to be similar would look like proof.
const GUESS_JOBS: f64 = 4.0;

/// The spread of the durations of all jobs, at any limit. A sample may contain no long job by chance, so its own spread
/// would be too small.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spread {
    jobs: f64,
    sum: f64,
    squares: f64,
}

impl Spread {
    pub(crate) fn add(&mut self, took: Duration) {
        let keep = 1.0 - 1.0 / REMEMBERED;
        let seconds = took.as_secs_f64();
        self.jobs = self.jobs * keep + 1.0;
        self.sum = self.sum * keep + seconds;
        self.squares = self.squares * keep + seconds * seconds;
    }

    /// Returns the standard deviation of the durations, as a share of their mean.
    pub(crate) fn relative(&self) -> f64 {
        let jobs = self.jobs.max(1.0);
        let mean = (self.sum / jobs).max(f64::MIN_POSITIVE);
        let variance = (self.squares / jobs / (mean * mean) - 1.0).max(0.0);
        ((variance * jobs + GUESS_JOBS) / (jobs + GUESS_JOBS)).sqrt()
    }
}
