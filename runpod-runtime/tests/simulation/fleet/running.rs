//! Runs the jobs that a worker has taken.

use std::time::Duration;

use super::events::{Event, Time, WorkerNumber, secs};
use super::rules::{Exit, SlotIsFree};
use super::run::Fleet;
use super::worker::Phase;
use crate::schedule::Next;

impl Fleet {
    /// Starts waiting jobs, now or when the worker's loop looks for them.
    pub(super) fn start_later(&mut self, number: WorkerNumber) {
        let every = self.setup.rules.looks_for_jobs;
        if every == 0 {
            return self.start_waiting(number);
        }
        let worker = &mut self.workers[number];
        let since = self.now - worker.looked;
        let at = worker.looked + since.div_ceil(every).max(1) * every;
        worker.looks_at = Some(at);
        self.timeline.add(at, Event::PicksUp(number, at));
    }

    pub(super) fn picks_up(&mut self, number: WorkerNumber, at: Time) {
        let worker = &mut self.workers[number];
        if worker.is_gone() || worker.looks_at != Some(at) {
            return;
        }
        worker.looked = at;
        worker.looks_at = None;
        if worker.drains() && worker.waiting.is_empty() {
            worker.loop_ended = self.setup.rules.exit == Exit::WaitsForPolls;
        }
        self.start_waiting(number);
        self.look_again(number);
        self.may_exit(number);
    }

    /// Sets the next time at which the loop looks for jobs, if there is a reason to look.
    fn look_again(&mut self, number: WorkerNumber) {
        let worker = &self.workers[number];
        let has_reason = !worker.waiting.is_empty() || (worker.drains() && !worker.loop_ended);
        if self.setup.rules.looks_for_jobs > 0 && has_reason && worker.looks_at.is_none() {
            self.start_later(number);
        }
    }

    /// Starts waiting jobs that have a slot.
    fn start_waiting(&mut self, number: WorkerNumber) {
        let (now, time) = (self.now, Duration::from_nanos(self.now));
        let worker = &mut self.workers[number];
        if worker.is_gone() || worker.loop_ended {
            return;
        }
        while worker.slots_in_use < worker.limit
            && let Some(id) = worker.waiting.pop_front()
        {
            worker.slots_in_use += 1;
            if let Some(schedule) = &mut worker.calls.schedule {
                schedule.push(id, 1, time).expect("there is no weight");
                continue;
            }
            let job = &mut self.jobs[id as usize];
            job.runs += 1;
            if job.worker == number {
                job.started = now;
            }
            let at = now + job.length;
            self.timeline.add(at, Event::Returns(number, id));
        }
        self.start_calls(number);
    }

    /// Starts calls of the model with waiting jobs, if the schedule wants that.
    pub(super) fn start_calls(&mut self, number: WorkerNumber) {
        let worker = &mut self.workers[number];
        let Some(model) = self.setup.profile.batch.filter(|_| !worker.is_gone()) else {
            return;
        };
        let calls = &mut worker.calls;
        let schedule = calls.schedule.as_mut().expect("the worker has a schedule");
        loop {
            match schedule.poll(Duration::from_nanos(self.now)) {
                Next::Nothing => return,
                Next::WaitUntil(at) => {
                    let at = Time::try_from(at.as_nanos()).expect("a run is short");
                    let at = at.max(self.now + 1);
                    return self.timeline.add(at, Event::BatchDue(number));
                }
                Next::Dispatch(batch) => {
                    for id in &batch.jobs {
                        let job = &mut self.jobs[*id as usize];
                        job.runs += 1;
                        if job.worker == number {
                            job.started = self.now;
                        }
                    }
                    let takes = model.each.mul_add(batch.jobs.len() as f64, model.fixed);
                    let jitter = crate::traffic::jitter(&mut self.random);
                    let call = calls.started;
                    calls.started += 1;
                    calls.running.push((call, batch.call, batch.jobs));
                    let at = self.now + secs(takes * jitter);
                    self.timeline.add(at, Event::CallEnds(number, call));
                }
            }
        }
    }

    pub(super) fn call_ends(&mut self, number: WorkerNumber, call: u64) {
        let worker = &mut self.workers[number];
        if worker.is_gone() {
            return;
        }
        let calls = &mut worker.calls;
        let running = calls.running.iter().position(|it| it.0 == call);
        let (_, call, jobs) = calls.running.remove(running.expect("the call runs"));
        if let Some(schedule) = &mut calls.schedule {
            schedule.finished(&call, Duration::from_nanos(self.now));
        }
        self.returns(number, &jobs);
        self.start_calls(number);
    }

    /// Handles the return of handlers.
    pub(super) fn returns(&mut self, number: WorkerNumber, jobs: &[u64]) {
        let rules = self.setup.rules;
        if self.workers[number].is_gone() {
            return;
        }
        for id in jobs {
            let job = &mut self.jobs[*id as usize];
            if job.worker == number {
                job.returned = self.now;
            }
            let worker = &mut self.workers[number];
            assert!(worker.slots_in_use <= worker.limit.max(self.setup.profile.slots));
            worker.undelivered += 1;
            if self.setup.refreshes && rules.exit == Exit::Lingers {
                worker.phase = Phase::Drains;
            }
            if rules.slot_is_free == SlotIsFree::WhenTheHandlerReturns {
                worker.slots_in_use -= 1;
            }
            self.post(number, *id, 1);
        }
        if rules.slot_is_free == SlotIsFree::WhenTheHandlerReturns {
            self.slot_is_free(number);
        }
    }

    /// Starts the next job, and takes another one.
    pub(super) fn slot_is_free(&mut self, number: WorkerNumber) {
        if self.setup.rules.looks_for_jobs == 0 {
            self.start_waiting(number);
        } else if self.setup.rules.slot_is_free == SlotIsFree::WhenTheResultIsAccepted {
            // The end of a task wakes the loop.
            let now = self.now;
            self.workers[number].looks_at = Some(now);
            self.picks_up(number, now);
        } else {
            self.look_again(number);
        }
        if !matches!(
            self.setup.rules.when_full,
            super::rules::WhenFull::Sleeps(_)
        ) {
            self.look(number);
        }
    }
}
