//! The rule of this crate, without any knowledge of the model or the traffic.

use std::time::Duration;

use super::{Decision, Rule};
use crate::schedule::{Call, Limits, Next, Schedule};

pub(crate) struct Ours {
    schedule: Schedule<usize>,
    call: Option<Call>,
}

impl Ours {
    pub(crate) fn new(limits: Limits) -> Self {
        let schedule = Schedule::new(limits);
        Self {
            schedule,
            call: None,
        }
    }
}

impl Rule for Ours {
    fn arrived(&mut self, job: usize, now: Duration) {
        self.schedule.push(job, 1, now).expect("no weight limit");
    }

    fn finished(&mut self, _jobs: usize, now: Duration) {
        let call = self.call.take().expect("a call was running");
        self.schedule.finished(&call, now);
    }

    fn decide(&mut self, _busy: bool, _last: bool, now: Duration) -> Decision {
        match self.schedule.poll(now) {
            Next::Dispatch(batch) => {
                self.call = Some(batch.call);
                Decision::Call(batch.jobs)
            }
            Next::WaitUntil(at) => Decision::WaitUntil(at),
            Next::Nothing => Decision::Nothing,
        }
    }
}
