//! The worker's own controller.

use std::collections::HashMap;
use std::time::Duration;

use super::Rule;
use crate::adaptive::{Begin, Bounds, Controller, Outcome};

pub(crate) struct Ours {
    controller: Controller,
    running: HashMap<usize, Begin>,
}

impl Ours {
    pub(crate) fn new(min: usize, max: usize) -> Self {
        Self {
            controller: Controller::new(Bounds { min, max }),
            running: HashMap::new(),
        }
    }
}

impl Rule for Ours {
    fn limit(&mut self, _now: Duration) -> usize {
        self.controller.limit()
    }

    fn started(&mut self, job: usize, in_use: usize, now: Duration) {
        self.running.insert(job, self.controller.begins(now));
        self.controller.observe(in_use, now);
    }

    fn finished(&mut self, job: usize, in_use: usize, now: Duration) {
        let begin = self.running.remove(&job).expect("the job has started");
        self.controller.finished(begin, Outcome::Succeeded, now);
        self.controller.observe(in_use, now);
    }
}
