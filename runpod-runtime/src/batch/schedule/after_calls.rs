//! Learns how many jobs arrive shortly after a call has finished.
//!
//! Clients that wait for a result before they submit the next job cause such arrivals: a call with eight jobs is
//! followed by up to eight new jobs within a few milliseconds. A mean rate does not show this.

use std::time::Duration;

/// The number of buckets, which divide the time after a call. Each bucket is 1.4 times as long as the one before.
const BUCKETS: usize = 28;
const SHORTEST: f64 = 0.000_2;
const RATIO: f64 = 1.4;
/// The share of a new period in the mean.
const NEW_SHARE: f64 = 1.0 / 12.0;
/// The calls before the first estimate.
const FIRST_CALLS: u32 = 6;

/// The mean number of arrivals in each bucket of time after a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct AfterCalls {
    calls: u32,
    means: [f64; BUCKETS],
    /// The current period.
    since: Option<Duration>,
    counts: [u32; BUCKETS],
}

impl AfterCalls {
    pub(crate) fn finished(&mut self, now: Duration) {
        if let Some(since) = self.since {
            let elapsed = now.saturating_sub(since).as_secs_f64();
            self.calls = self.calls.saturating_add(1);
            let share = NEW_SHARE.max(1.0 / f64::from(self.calls));
            for (bucket, mean) in self.means.iter_mut().enumerate() {
                // Only complete buckets count.
                if end(bucket) <= elapsed {
                    *mean += (f64::from(self.counts[bucket]) - *mean) * share;
                }
            }
        }
        self.since = Some(now);
        self.counts = [0; BUCKETS];
    }

    pub(crate) fn arrived(&mut self, now: Duration) {
        let Some(since) = self.since else { return };
        let elapsed = now.saturating_sub(since).as_secs_f64();
        let bucket = (0..BUCKETS).find(|bucket| elapsed < end(*bucket));
        if let Some(bucket) = bucket {
            self.counts[bucket] += 1;
        }
    }

    /// Returns how many jobs are expected until the end of each of the following buckets, as pairs of the time from
    /// now in seconds and the number. Empty if it is too early, or too long after a call.
    pub(crate) fn expected(&self, now: Duration) -> impl Iterator<Item = (f64, f64)> {
        let known = self.since.filter(|_| self.calls >= FIRST_CALLS);
        let elapsed = known.map_or(f64::MAX, |it| now.saturating_sub(it).as_secs_f64());
        // Clients that have already come do not come a second time.
        let seen: u32 = self.counts.iter().sum();
        let most = self.means.iter().sum::<f64>() - f64::from(seen);
        let mut expected = 0.0;
        (0..BUCKETS)
            .filter(move |bucket| end(*bucket) > elapsed)
            .map(move |bucket| {
                let (start, end) = (begin(bucket), end(bucket));
                let rest = (end - elapsed.max(start)) / (end - start);
                expected += rest * self.means[bucket];
                (end - elapsed, expected.min(most))
            })
    }
}

fn begin(bucket: usize) -> f64 {
    if bucket == 0 { 0.0 } else { end(bucket - 1) }
}

/// Returns the end of a bucket in seconds after the call.
fn end(bucket: usize) -> f64 {
    SHORTEST * RATIO.powi(i32::try_from(bucket).unwrap_or(i32::MAX))
}
