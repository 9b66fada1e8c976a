//! A fixed window: a call starts when it is full, or when its first job has waited for the window.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Decision, Rule};

pub(crate) struct Window {
    pub(crate) length: Duration,
    pub(crate) max_batch_size: usize,
    pub(crate) queue: VecDeque<(usize, Duration)>,
}

impl Window {
    pub(crate) fn new(window_ms: u64, max_batch_size: usize) -> Self {
        Self {
            length: Duration::from_millis(window_ms),
            max_batch_size,
            queue: VecDeque::new(),
        }
    }
}

impl Rule for Window {
    fn arrived(&mut self, job: usize, now: Duration) {
        self.queue.push_back((job, now));
    }

    fn finished(&mut self, _jobs: usize, _now: Duration) {}

    fn decide(&mut self, busy: bool, _last: bool, now: Duration) -> Decision {
        let Some((_, since)) = self.queue.front().filter(|_| !busy) else {
            return Decision::Nothing;
        };
        let end = *since + self.length;
        if self.queue.len() < self.max_batch_size && now < end {
            return Decision::WaitUntil(end);
        }
        let jobs = self.queue.len().min(self.max_batch_size);
        Decision::Call(self.queue.drain(..jobs).map(|it| it.0).collect())
    }
}
