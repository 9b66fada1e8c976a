//! Results and heartbeats.

use runpod_local::VirtualPost;

use super::events::{Event, PostAnswer, Time, WorkerNumber, secs};
use super::rules::{Posts, SlotIsFree};
use super::run::{Fleet, PING_INTERVAL};

impl Fleet {
    pub(super) fn post(&mut self, number: WorkerNumber, job: u64, attempt: u32) {
        if !self.workers[number].is_gone() {
            let way = self.one_way();
            self.after(way, Event::PostArrives(number, job, attempt));
        }
    }

    pub(super) fn post_arrives(&mut self, number: WorkerNumber, id: u64, attempt: u32) {
        let fault = self.setup.network.fault(self.now, &mut self.random);
        let answer = fault.unwrap_or(PostAnswer::Accepted);
        if answer == PostAnswer::Accepted {
            let (worker, time) = (&self.workers[number].name, self.time());
            let refreshes = self.setup.refreshes;
            if self.queue.done(worker, id, refreshes, time) == VirtualPost::Accepted {
                let job = &mut self.jobs[id as usize];
                job.ends += 1;
                job.ended = Some(self.now);
            }
        }
        let way = self.one_way();
        self.after(way, Event::PostAnswered(number, id, attempt, answer));
    }

    pub(super) fn post_answered(
        &mut self,
        number: WorkerNumber,
        job: u64,
        attempt: u32,
        answer: PostAnswer,
    ) {
        if self.workers[number].is_gone() {
            return;
        }
        let again = match (answer, self.setup.rules.posts) {
            (PostAnswer::Accepted, _) => None,
            (_, Posts::UntilAccepted) => Some(self.pause_before(attempt)),
            (PostAnswer::Refused, Posts::ThreeTimes) if attempt < 3 => {
                Some(secs(if attempt == 1 { 2.0 } else { 3.0 }))
            }
            (_, Posts::ThreeTimes) => None,
        };
        if let Some(pause) = again {
            return self.after(pause, Event::PostsAgain(number, job, attempt + 1));
        }
        if answer != PostAnswer::Accepted {
            self.jobs[job as usize].dropped += 1;
        }
        let worker = &mut self.workers[number];
        worker.undelivered -= 1;
        worker.forget(job);
        if self.setup.rules.slot_is_free == SlotIsFree::WhenTheResultIsAccepted {
            worker.slots_in_use -= 1;
            self.slot_is_free(number);
        } else {
            self.look(number);
        }
        if self.setup.refreshes {
            self.refresh(number);
        }
        self.may_exit(number);
    }

    /// Returns our pause before another attempt: random, 0.1 s at first and 10 s at most.
    fn pause_before(&mut self, attempt: u32) -> Time {
        let full = (0.1 * f64::from(1_u32 << (attempt - 1).min(10))).min(10.0);
        secs(full * (0.5 + self.random.f64() / 2.0))
    }

    pub(super) fn ping(&mut self, number: WorkerNumber) {
        let worker = &self.workers[number];
        if worker.is_gone() {
            return;
        }
        if !self.setup.network.is_out(self.now) {
            self.queue.ping(&worker.name, &worker.held, self.time());
        }
        self.after(PING_INTERVAL, Event::Pings(number));
    }
}
