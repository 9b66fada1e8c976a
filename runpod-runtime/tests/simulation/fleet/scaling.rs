//! Starts and stops workers, like an endpoint that scales by request count.

use super::events::{Event, Time, secs};
use super::run::Fleet;
use super::worker::Worker;
use crate::traffic::exponential;

/// The settings of the endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scaling {
    pub(super) min: usize,
    pub(super) max: usize,
    /// The number of jobs in the queue and in workers for which the endpoint has one worker.
    pub(super) jobs_per_worker: usize,
    /// How many seconds a worker must have been unnecessary before it is stopped.
    pub(super) idle: usize,
}

/// How often the platform compares the number of workers with the jobs.
const INTERVAL: Time = 1_000_000_000;

impl Scaling {
    pub(super) fn fixed(workers: usize) -> Self {
        Self {
            min: workers,
            max: workers,
            jobs_per_worker: 1,
            idle: 1,
        }
    }

    pub(super) fn up_to(max: usize, jobs_per_worker: usize) -> Self {
        Self {
            min: 1,
            max,
            jobs_per_worker,
            idle: 30,
        }
    }
}

impl Fleet {
    pub(super) fn scale(&mut self) {
        let scaling = self.setup.scaling;
        let open = self.queue.waiting() + self.queue.running();
        let wanted = open.div_ceil(scaling.jobs_per_worker);
        let wanted = wanted.clamp(scaling.min, scaling.max);
        let is_active = |it: &usize| self.workers[*it].is_active();
        let workers: Vec<_> = self.alive.iter().copied().filter(is_active).collect();
        let active = workers.len();
        // Workers that drain still have their GPUs.
        let room = scaling.max.saturating_sub(self.alive.len());
        for _ in 0..wanted.saturating_sub(active).min(room) {
            self.spawn();
        }
        self.wanted.push_back(wanted);
        if self.wanted.len() > scaling.idle {
            self.wanted.pop_front();
            let needed = self.wanted.iter().copied().max().unwrap_or(wanted);
            self.stop_some(workers, active.saturating_sub(needed));
        }
        self.most_workers = self.most_workers.max(self.alive.len());
        self.after(INTERVAL, Event::Scales);
    }

    /// Stops the workers with the fewest jobs, and among these the newest ones.
    fn stop_some(&mut self, mut workers: Vec<usize>, count: usize) {
        workers.sort_by_key(|it| (self.workers[*it].held.len(), usize::MAX - it));
        for number in workers.into_iter().take(count) {
            self.terminate(number);
        }
    }

    pub(super) fn spawn(&mut self) {
        let number = self.workers.len();
        let profile = self.setup.profile;
        self.workers.push(Worker::new(number, &profile, self.now));
        self.alive.push(number);
        // Loading a model takes a different time on each machine.
        let loading = secs(profile.cold_start * (0.8 + 0.4 * self.random.f64()));
        let ready = loading + self.setup.rules.process_start;
        self.after(ready, Event::Ready(number));
        if self.setup.deaths > 0.0 {
            let lives = 3_600.0 / self.setup.deaths * exponential(&mut self.random);
            self.after(secs(lives), Event::Dies(number));
        }
    }
}
