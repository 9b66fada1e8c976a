//! Statistics that remain when jobs are removed.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::views::{Latency, Status};

const SLOTS: usize = 60;
const SECONDS: u64 = SLOTS as u64;
const SAMPLES: usize = 1_000;

#[derive(Debug)]
pub(super) struct Metrics {
    pub(super) completed: u64,
    /// The number of failed jobs, including those that timed out.
    pub(super) failed: u64,
    pub(super) retried: u64,
    /// The number of results that came too late.
    pub(super) ignored: u64,
    started: Instant,
    /// The number of jobs that finished in each second. This is a ring, and `newest` is the last counted second.
    ended: [u32; SLOTS],
    newest: u64,
    latencies: VecDeque<u32>,
}

impl Metrics {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            completed: 0,
            failed: 0,
            retried: 0,
            ignored: 0,
            started: now,
            ended: [0; SLOTS],
            newest: 0,
            latencies: VecDeque::new(),
        }
    }

    /// Counts a finished job. `latency` is set if the job ran.
    pub(super) fn job_ended(&mut self, status: Status, latency: Option<Duration>, now: Instant) {
        match status {
            Status::Completed => self.completed += 1,
            Status::Failed | Status::TimedOut => self.failed += 1,
            _ => {}
        }
        self.advance(now);
        self.ended[slot(self.newest)] += 1;
        if let Some(latency) = latency {
            if self.latencies.len() == SAMPLES {
                self.latencies.pop_front();
            }
            self.latencies
                .push_back(u32::try_from(latency.as_millis()).unwrap_or(u32::MAX));
        }
    }

    /// Returns the number of jobs that finished in each of the last 60 seconds, the oldest second first.
    pub(super) fn throughput(&mut self, now: Instant) -> Vec<u32> {
        self.advance(now);
        (self.newest + 1..=self.newest + SECONDS)
            .map(|second| self.ended[slot(second)])
            .collect()
    }

    pub(super) fn latency(&self) -> Latency {
        let mut sorted: Vec<_> = self.latencies.iter().copied().collect();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100).max(1);
            sorted.get(rank - 1).map(|&latency| latency.into())
        };
        Latency {
            p50: at(50),
            p90: at(90),
            p99: at(99),
        }
    }

    fn advance(&mut self, now: Instant) {
        let second = now.saturating_duration_since(self.started).as_secs();
        if second >= self.newest + SECONDS {
            self.ended.fill(0);
        } else {
            for passed in self.newest + 1..=second {
                self.ended[slot(passed)] = 0;
            }
        }
        self.newest = self.newest.max(second);
    }
}

fn slot(second: u64) -> usize {
    usize::try_from(second % SECONDS).unwrap_or_default()
}
