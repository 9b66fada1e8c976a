//! The example of a `concurrency_modifier` in Runpod's guide, written anew. It counts the jobs of the last minute. With
//! more than 50 jobs, it adds one slot, up to 10. Otherwise, it removes one slot, down to 1. The guide leaves open how
//! the jobs are counted; the example's comments suggest this way.

use std::collections::VecDeque;
use std::time::Duration;

use super::Rule;

const MINUTE: Duration = Duration::from_mins(1);
const HIGH_RATE: usize = 50;
const MOST: usize = 10;

pub(crate) struct Guide {
    current: usize,
    last_minute: VecDeque<Duration>,
}

impl Guide {
    pub(crate) fn new() -> Self {
        Self {
            current: 1,
            last_minute: VecDeque::new(),
        }
    }
}

impl Rule for Guide {
    fn limit(&mut self, now: Duration) -> usize {
        while self
            .last_minute
            .front()
            .is_some_and(|at| now - *at > MINUTE)
        {
            self.last_minute.pop_front();
        }
        if self.last_minute.len() > HIGH_RATE {
            self.current = (self.current + 1).min(MOST);
        } else {
            self.current = (self.current - 1).max(1);
        }
        self.current
    }

    fn started(&mut self, _job: usize, _in_use: usize, now: Duration) {
        self.last_minute.push_back(now);
    }

    fn finished(&mut self, _job: usize, _in_use: usize, _now: Duration) {}
}
