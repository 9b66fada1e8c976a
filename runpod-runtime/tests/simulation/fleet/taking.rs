//! Job-take requests: when a worker sends one, and how the platform answers.

use super::events::{Event, Poll, WorkerNumber, secs};
use super::rules::{Resizes, WhenFull};
use super::run::{Fleet, HOLD};
use super::worker::Phase;

/// If a worker has this many more undelivered results than slots, it takes no more jobs.
const MOST_BEYOND_SLOTS: usize = 16;

impl Fleet {
    pub(super) fn ready(&mut self, number: WorkerNumber) {
        let worker = &mut self.workers[number];
        if worker.phase != Phase::Starts {
            return;
        }
        worker.phase = Phase::Takes;
        worker.ready = Some(self.now);
        worker.looked = self.now;
        self.ping(number);
        self.look(number);
    }

    /// Sends a job-take request, if the worker's rules want one now.
    pub(super) fn look(&mut self, number: WorkerNumber) {
        let (wanted, rules) = (self.wanted_slots(), self.setup.rules);
        let worker = &mut self.workers[number];
        if worker.phase != Phase::Takes || worker.poll.is_some() || worker.pauses {
            return;
        }
        let twice = if rules.counts_waiting_twice {
            worker.waiting.len()
        } else {
            0
        };
        let occupied = match rules.resizes {
            Resizes::Immediately => {
                worker.limit = wanted;
                worker.slots_in_use + worker.waiting.len() + twice
            }
            Resizes::WhenEmpty => {
                if !worker.resizing && wanted != worker.limit {
                    worker.limit = wanted;
                    worker.resizing = true;
                }
                worker.held.len() + twice
            }
        };
        if worker.resizing && occupied > 0 {
            return self.pause(number, secs(1.0));
        }
        worker.resizing = false;
        let free = worker.limit.saturating_sub(occupied);
        if free == 0 || worker.undelivered >= worker.limit + MOST_BEYOND_SLOTS {
            if let WhenFull::Sleeps(pause) = rules.when_full {
                self.pause(number, pause);
            }
            return;
        }
        let poll = self.next_poll;
        self.next_poll += 1;
        worker.poll = Some(poll);
        worker.asked = if rules.takes_one { 1 } else { free };
        worker.poll_sent = self.now;
        self.takes += 1;
        let way = self.one_way();
        self.after(way, Event::TakeArrives(number, poll));
    }

    pub(super) fn pause(&mut self, number: WorkerNumber, pause: u64) {
        self.workers[number].pauses = true;
        self.after(pause, Event::Looks(number));
    }

    pub(super) fn take_arrives(&mut self, number: WorkerNumber, poll: Poll) {
        let time = self.time();
        let worker = &mut self.workers[number];
        if worker.poll != Some(poll) {
            return;
        }
        if self.setup.network.is_out(self.now) {
            return self.answer(number, poll, None);
        }
        let jobs = self.queue.take(&worker.name, worker.asked, time);
        if jobs.is_empty() {
            self.queue.poll_begins(&worker.name, time);
            worker.held_poll = Some(poll);
            self.polls.push_back((number, poll));
            self.after(HOLD, Event::HoldEnds(number, poll));
        } else {
            self.handed(number, poll, jobs);
        }
    }

    /// Gives waiting jobs to the requests that are held open.
    pub(super) fn hand_over(&mut self) {
        while self.queue.waiting() > 0 {
            let Some((number, poll)) = self.polls.pop_front() else {
                return;
            };
            if self.workers[number].held_poll != Some(poll) {
                continue;
            }
            self.close_poll(number, poll, false);
            let worker = &self.workers[number];
            let jobs = self.queue.take(&worker.name, worker.asked, self.time());
            if !jobs.is_empty() {
                self.handed(number, poll, jobs);
            }
        }
    }

    pub(super) fn hold_ends(&mut self, number: WorkerNumber, poll: Poll) {
        if self.workers[number].held_poll == Some(poll) {
            self.close_poll(number, poll, false);
            self.answer(number, poll, Some(Vec::new()));
        }
    }

    pub(super) fn close_poll(&mut self, number: WorkerNumber, poll: Poll, hung_up: bool) {
        let time = self.time();
        let worker = &mut self.workers[number];
        if worker.held_poll == Some(poll) {
            worker.held_poll = None;
            self.queue.poll_ends(&worker.name, hung_up, time);
        }
    }

    /// Sends jobs to a worker, which has them from now on.
    fn handed(&mut self, number: WorkerNumber, poll: Poll, jobs: Vec<u64>) {
        let worker = &self.workers[number];
        assert!(jobs.len() <= worker.asked, "too many jobs for this request");
        let ready = worker.ready.unwrap_or(self.now);
        for id in &jobs {
            let job = &mut self.jobs[*id as usize];
            if job.first_taken.is_none() {
                job.first_taken = Some(self.now);
                let begin = worker.created.max(job.submitted);
                job.cold = ready.min(self.now).saturating_sub(begin);
            }
            job.worker = number;
            (job.taken, job.arrived) = (self.now, self.now);
            (job.started, job.returned) = (self.now, self.now);
        }
        self.answer(number, poll, Some(jobs));
    }

    fn answer(&mut self, number: WorkerNumber, poll: Poll, jobs: Option<Vec<u64>>) {
        let way = self.one_way();
        self.after(way, Event::Answered(number, poll, jobs));
    }

    pub(super) fn answered(&mut self, number: WorkerNumber, poll: Poll, jobs: Option<Vec<u64>>) {
        let worker = &mut self.workers[number];
        if worker.poll != Some(poll) {
            // The worker has died or closed the request. The platform thinks that it has the jobs.
            self.stranded += jobs.map_or(0, |jobs| jobs.len() as u64);
            return;
        }
        worker.poll = None;
        let was_held = self.now - worker.poll_sent >= secs(1.0);
        let got_some = jobs.as_ref().is_some_and(|jobs| !jobs.is_empty());
        let is_refused = jobs.is_none();
        for id in jobs.unwrap_or_default() {
            let job = &mut self.jobs[id as usize];
            if job.worker == number {
                (job.arrived, job.started, job.returned) = (self.now, self.now, self.now);
            }
            worker.held.push(id);
            worker.waiting.push_back(id);
        }
        if got_some {
            self.start_later(number);
        }
        self.next_look(number, got_some || (was_held && !is_refused));
        self.may_exit(number);
    }

    /// Sends the next request, after a pause if the last answers were empty or refused.
    fn next_look(&mut self, number: WorkerNumber, flows: bool) {
        let worker = &mut self.workers[number];
        if flows {
            worker.empty_answers = 0;
        } else if worker.phase == Phase::Takes && self.setup.rules.when_full == WhenFull::Wakes {
            let pause = (0.05 * f64::from(1_u32 << worker.empty_answers.min(5))).min(0.9);
            worker.empty_answers += 1;
            return self.pause(number, secs(pause));
        }
        self.look(number);
    }
}
