//! Learns the cost of a call: a fixed part, and a part for each job.

use std::time::Duration;

/// The share of the old measurements that remains after each new one, so that the estimate follows a model that
/// becomes slower. About the last 30 calls count.
const REMAINS: f64 = 0.97;
/// The calls before the first estimate. The first calls of a model are often slow.
const FIRST_CALLS: u32 = 3;

/// A weighted linear regression of the duration of calls over their size.
///
/// The size is the number of jobs, or their total weight if the jobs are weighed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cost {
    calls: u32,
    weight: f64,
    size: f64,
    size_squared: f64,
    seconds: f64,
    product: f64,
}

/// The estimated duration of a call: `fixed + each * size`, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line {
    pub(crate) fixed: f64,
    pub(crate) each: f64,
}

impl Cost {
    /// Adds the duration of a call.
    pub(crate) fn measure(&mut self, size: usize, took: Duration) {
        self.calls = self.calls.saturating_add(1);
        // The first call often loads or compiles something, and would distort the estimate for a long time.
        if self.calls == 1 {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let (size, seconds) = (size as f64, took.as_secs_f64());
        let remaining = [
            &mut self.weight,
            &mut self.size,
            &mut self.size_squared,
            &mut self.seconds,
            &mut self.product,
        ];
        let added = [1.0, size, size * size, seconds, size * seconds];
        for (sum, new) in remaining.into_iter().zip(added) {
            *sum = REMAINS.mul_add(*sum, new);
        }
    }

    /// Returns the estimate. `None` if it is too early, or if all calls had about the same size, because the two parts
    /// cannot be told apart then.
    pub(crate) fn line(&self) -> Option<Line> {
        if self.calls <= FIRST_CALLS {
            return None;
        }
        let (mean_size, mean_seconds) = (self.size / self.weight, self.seconds / self.weight);
        let variance = mean_size.mul_add(-mean_size, self.size_squared / self.weight);
        if variance < 0.05 * mean_size {
            return None;
        }
        let covariance = mean_size.mul_add(-mean_seconds, self.product / self.weight);
        let each = (covariance / variance).clamp(0.0, mean_seconds / mean_size);
        let fixed = each.mul_add(-mean_size, mean_seconds).max(0.0);
        Some(Line { fixed, each })
    }
}
