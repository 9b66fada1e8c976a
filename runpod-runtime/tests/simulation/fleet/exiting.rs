//! How a worker exits: by SIGTERM, for a refresh, or because its machine fails.

use super::events::{Event, Poll, WorkerNumber, secs};
use super::rules::Exit;
use super::run::{Fleet, HOLD};
use super::worker::Phase;

/// How long our worker waits for the answer to its last job-take request.
const LINGER: u64 = 1_000_000_000;

impl Fleet {
    /// Sends SIGTERM to a worker.
    pub(super) fn terminate(&mut self, number: WorkerNumber) {
        self.drained += 1;
        let worker = &mut self.workers[number];
        if worker.phase == Phase::Starts {
            return self.exit(number);
        }
        if self.setup.stops_hand_over {
            self.leave(number);
        }
        self.drain(number);
    }

    /// The platform answers the request that it holds, and hands out no more jobs to this worker.
    fn leave(&mut self, number: WorkerNumber) {
        let time = self.time();
        let worker = &self.workers[number];
        self.queue.worker_leaves(&worker.name, time);
        if let Some(poll) = worker.held_poll {
            self.hold_ends(number, poll);
        }
    }

    fn drain(&mut self, number: WorkerNumber) {
        let worker = &mut self.workers[number];
        if worker.phase != Phase::Takes && !worker.drains() {
            return;
        }
        worker.phase = Phase::Drains;
        match self.setup.rules.exit {
            Exit::Lingers => {
                if let Some(poll) = worker.poll {
                    self.after(LINGER, Event::HangsUp(number, poll));
                }
            }
            Exit::WaitsForPolls => {
                // The stop poll is held, answered, and sent again after a second.
                let cycle = HOLD + secs(1.0 + 2.0 * self.setup.network.one_way);
                let since = self.now - worker.ready.unwrap_or(self.now);
                worker.exits_after = self.now - since + since.div_ceil(cycle) * cycle;
                let at = worker.exits_after;
                self.timeline.add(at, Event::MayExit(number));
                if self.setup.rules.looks_for_jobs > 0 {
                    self.start_later(number);
                } else {
                    self.workers[number].loop_ended = self.workers[number].waiting.is_empty();
                }
            }
        }
        self.may_exit(number);
    }

    /// Starts the shutdown of a worker whose job has asked for a fresh one.
    pub(super) fn refresh(&mut self, number: WorkerNumber) {
        let worker = &self.workers[number];
        if worker.phase == Phase::Takes || (worker.drains() && worker.exits_after == 0) {
            self.drain(number);
        }
    }

    pub(super) fn hang_up(&mut self, number: WorkerNumber, poll: Poll) {
        let worker = &mut self.workers[number];
        if worker.poll == Some(poll) {
            worker.poll = None;
            let way = self.one_way();
            self.after(way, Event::PollClosed(number, poll));
            self.may_exit(number);
        }
    }

    /// Ends a worker that drains, if nothing is left to do.
    pub(super) fn may_exit(&mut self, number: WorkerNumber) {
        let worker = &self.workers[number];
        let is_done = match self.setup.rules.exit {
            Exit::Lingers => worker.waiting.is_empty() && worker.undelivered == 0,
            Exit::WaitsForPolls => {
                worker.loop_ended
                    && !worker.pauses
                    && worker.undelivered == 0
                    && self.now >= worker.exits_after
            }
        };
        if worker.drains() && is_done && worker.poll.is_none() && worker.slots_in_use == 0 {
            self.exit(number);
        }
    }

    fn exit(&mut self, number: WorkerNumber) {
        let time = self.time();
        let worker = &mut self.workers[number];
        self.stranded += worker.waiting.len() as u64;
        worker.phase = Phase::Gone;
        worker.stopped = Some(self.now);
        worker.poll = None;
        self.queue.worker_ended(&worker.name, time);
        self.alive.retain(|it| *it != number);
        if self.setup.refreshes {
            self.spawn();
        }
    }

    /// Ends a worker together with its machine. The platform only notices that the worker is silent.
    pub(super) fn die(&mut self, number: WorkerNumber) {
        let worker = &mut self.workers[number];
        if worker.is_gone() {
            return;
        }
        self.died += 1;
        worker.phase = Phase::Gone;
        worker.stopped = Some(self.now);
        worker.poll = None;
        let held = worker.held_poll;
        self.alive.retain(|it| *it != number);
        if let Some(poll) = held {
            self.close_poll(number, poll, true);
        }
    }
}
