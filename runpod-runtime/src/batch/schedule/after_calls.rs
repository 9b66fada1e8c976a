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
const NEW_SHARE: f64 = 1.0 / 20.0;
/// The calls before the first estimate.
const FIRST_CALLS: u32 = 6;

/// The mean number of arrivals in each bucket of time after a call.
#[derive(Debug, Clone, Default)]
pub(crate) struct AfterCalls {
    calls: u32,
    /// The mean number of jobs in a call.
    finished: f64,
    means: [f64; BUCKETS],
    current: Option<Period>,
}

/// The time since the last call.
#[derive(Debug, Clone, Copy)]
struct Period {
    since: Duration,
    /// The number of jobs in the call.
    finished: u32,
    counts: [u32; BUCKETS],
}

/// The arrivals that are expected until a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// The moment, in seconds from now.
    pub(crate) wait: f64,
    /// The jobs that are still to come, as a share of the jobs in the last call.
    pub(crate) share: f64,
    /// The mean number of arrivals from the end of a call to this moment.
    pub(crate) arrivals: f64,
    /// The time from the end of the call to this moment in seconds.
    pub(crate) since_call: f64,
}

impl AfterCalls {
    pub(crate) fn finished(&mut self, jobs: usize, now: Duration) {
        if let Some(period) = self.current {
            let elapsed = now.saturating_sub(period.since).as_secs_f64();
            self.calls = self.calls.saturating_add(1);
            let share = NEW_SHARE.max(1.0 / f64::from(self.calls));
            self.finished += (f64::from(period.finished) - self.finished) * share;
            for (bucket, mean) in self.means.iter_mut().enumerate() {
                // Only complete buckets count.
                if end(bucket) <= elapsed {
                    *mean += (f64::from(period.counts[bucket]) - *mean) * share;
                }
            }
        }
        self.current = Some(Period {
            since: now,
            finished: u32::try_from(jobs).unwrap_or(u32::MAX),
            counts: [0; BUCKETS],
        });
    }

    pub(crate) fn arrived(&mut self, now: Duration) {
        let Some(period) = &mut self.current else {
            return;
        };
        let elapsed = now.saturating_sub(period.since).as_secs_f64();
        let bucket = (0..BUCKETS).find(|bucket| elapsed < end(*bucket));
        if let Some(bucket) = bucket {
            period.counts[bucket] += 1;
        }
    }

    /// Returns the arrivals that are expected until the end of each bucket that has not passed. Empty if it is too
    /// early, or too long after a call.
    pub(crate) fn expected(&self, now: Duration) -> impl Iterator<Item = Expected> {
        let period = self.current.filter(|_| self.calls >= FIRST_CALLS);
        let elapsed = period.map_or(f64::MAX, |it| now.saturating_sub(it.since).as_secs_f64());
        // Clients that have already come do not come a second time.
        let seen = period.map_or(0.0, |it| {
            f64::from(it.counts.iter().sum::<u32>()) / f64::from(it.finished.max(1))
        });
        let (mut arrivals, mut share) = (0.0, 0.0);
        let mut all = 0.0;
        (0..BUCKETS).filter_map(move |bucket| {
            let (start, end) = (begin(bucket), end(bucket));
            arrivals += self.means[bucket];
            all += self.means[bucket] / self.finished;
            if end <= elapsed {
                return None;
            }
            let rest = (end - elapsed.max(start)) / (end - start);
            share += rest * self.means[bucket] / self.finished;
            Some(Expected {
                wait: end - elapsed,
                share: share.min(all - seen),
                arrivals,
                since_call: end,
            })
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
