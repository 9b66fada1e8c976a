//! The rule of `BentoML` 1.x (`CorkDispatcher`), written anew from its description: it learns a linear cost and the mean
//! wait, sleeps in ticks, and takes the newest jobs first. Its time limit for a job is left out, because it only drops
//! jobs.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Decision, Rule};

const TICK: Duration = Duration::from_millis(1);
const REFRESH: Duration = Duration::from_secs(5);
const SAMPLES: usize = 50;
/// The calls with one job, with two, and with three, before the rule applies.
const TRAINING: [usize; 11] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3];

pub(crate) struct BentoMl {
    max_batch_size: usize,
    queue: VecDeque<(usize, Duration)>,
    calls: usize,
    started: (Duration, Duration),
    samples: VecDeque<(f64, f64, f64)>,
    refreshed: Duration,
    each: f64,
    /// How long a call with one job takes.
    single: Duration,
    wait: f64,
    asleep_until: Duration,
}

impl BentoMl {
    pub(crate) fn new(max_batch_size: usize) -> Self {
        Self {
            max_batch_size,
            queue: VecDeque::new(),
            calls: 0,
            started: Default::default(),
            samples: VecDeque::new(),
            refreshed: Duration::ZERO,
            each: 0.0,
            single: Duration::ZERO,
            wait: 0.0,
            asleep_until: Duration::ZERO,
        }
    }

    fn sleep(&mut self, now: Duration) -> Decision {
        self.asleep_until = now + TICK;
        Decision::WaitUntil(self.asleep_until)
    }

    fn refresh(&mut self) {
        let count = self.samples.len() as f64;
        let sum = |of: &dyn Fn(&(f64, f64, f64)) -> f64| self.samples.iter().map(of).sum::<f64>();
        let (n, y) = (sum(&|it| it.0) / count, sum(&|it| it.1) / count);
        let variance = sum(&|it| (it.0 - n).powi(2));
        if variance > 0.0 {
            self.each = (sum(&|it| (it.0 - n) * (it.1 - y)) / variance).max(0.000_001);
        }
        self.wait = sum(&|it| it.2) / count;
    }
}

impl Rule for BentoMl {
    fn arrived(&mut self, job: usize, now: Duration) {
        self.queue.push_back((job, now));
    }

    fn finished(&mut self, jobs: usize, now: Duration) {
        self.calls += 1;
        // The first two calls do not count.
        if self.calls <= 2 {
            return;
        }
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        let (started, newest) = self.started;
        if jobs == 1 {
            self.single = now - started;
        }
        let trained = self.calls > TRAINING.len();
        let wait = if trained {
            (started - newest).as_secs_f64()
        } else {
            0.0
        };
        self.samples
            .push_back((jobs as f64, (now - started).as_secs_f64(), wait));
        if !trained || now >= self.refreshed + REFRESH {
            self.refreshed = now;
            self.refresh();
        }
    }

    fn decide(&mut self, busy: bool, last: bool, now: Duration) -> Decision {
        let Some((_, newest)) = self.queue.back() else {
            return Decision::Nothing;
        };
        if now < self.asleep_until {
            return Decision::WaitUntil(self.asleep_until);
        }
        if busy {
            return self.sleep(now);
        }
        let newest = *newest;
        let waiting = self.queue.len();
        let most = if let Some(size) = TRAINING.get(self.calls).copied() {
            let oldest = self.queue.front().map_or(now, |it| it.1);
            let patience = self.single.mul_f64(2.0 * size as f64 + 1.0);
            if waiting < size && !last && now < oldest + patience {
                return self.sleep(now);
            }
            size
        } else {
            let corked = (now - newest + TICK).as_secs_f64() + self.each;
            if waiting < self.max_batch_size && waiting as f64 * corked <= self.wait * 0.95 {
                return self.sleep(now);
            }
            self.max_batch_size
        };
        self.started = (now, newest);
        let kept = waiting - waiting.min(most);
        Decision::Call(self.queue.drain(kept..).map(|it| it.0).collect())
    }
}
