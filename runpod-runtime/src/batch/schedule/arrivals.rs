//! Learns how often jobs arrive.

use std::time::Duration;

/// The share of a new gap in the mean.
const NEW_SHARE: f64 = 1.0 / 16.0;
/// The arrivals before the first estimate.
const FIRST_JOBS: u32 = 8;

/// The mean gap between two arrivals, in which recent gaps count more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrivals {
    jobs: u32,
    last: Duration,
    gap: f64,
    size: f64,
}

impl Arrivals {
    /// Adds the arrival of a job with this size.
    pub(crate) fn arrived(&mut self, size: usize, now: Duration) {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let size = size as f64;
        let gap = now.saturating_sub(self.last).as_secs_f64();
        self.last = self.last.max(now);
        self.jobs = self.jobs.saturating_add(1);
        match self.jobs {
            1 => self.size = size,
            2 => self.gap = gap,
            _ => {
                self.gap += (gap - self.gap) * NEW_SHARE;
                self.size += (size - self.size) * NEW_SHARE;
            }
        }
    }

    /// Returns the mean gap in seconds, unless it is too early.
    pub(crate) fn gap(&self) -> Option<f64> {
        (self.jobs > FIRST_JOBS).then_some(self.gap)
    }

    /// Returns the mean size of a job.
    pub(crate) fn size(&self) -> f64 {
        self.size
    }

    /// Returns when the last job arrived.
    pub(crate) fn last(&self) -> Duration {
        self.last
    }
}
