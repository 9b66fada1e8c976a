//! A call starts as soon as enough jobs wait. For Poisson arrivals and linear costs, the rule with the least mean
//! latency has this form (Deb and Serfozo, *Optimal control of batch service queues*, 1973).

use std::collections::VecDeque;
use std::time::Duration;

use super::{Decision, Rule};

pub(crate) struct Threshold {
    pub(crate) jobs: usize,
    pub(crate) max_batch_size: usize,
    queue: VecDeque<usize>,
}

impl Threshold {
    pub(crate) fn new(jobs: usize, max_batch_size: usize) -> Self {
        Self {
            jobs,
            max_batch_size,
            queue: VecDeque::new(),
        }
    }
}

impl Rule for Threshold {
    fn arrived(&mut self, job: usize, _now: Duration) {
        self.queue.push_back(job);
    }

    fn finished(&mut self, _jobs: usize, _now: Duration) {}

    fn decide(&mut self, busy: bool, last: bool, _now: Duration) -> Decision {
        let enough = self.queue.len() >= self.jobs || (last && !self.queue.is_empty());
        if busy || !enough {
            return Decision::Nothing;
        }
        let jobs = self.queue.len().min(self.max_batch_size);
        Decision::Call(self.queue.drain(..jobs).collect())
    }
}
