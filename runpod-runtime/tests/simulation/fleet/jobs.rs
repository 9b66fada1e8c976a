//! What happened to each job.

use super::events::{Time, WorkerNumber, in_secs};

#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    pub(super) length: Time,
    pub(super) submitted: Time,
    pub(super) first_taken: Option<Time>,
    /// The part of the wait in the queue during which the worker that took the job was not ready.
    pub(super) cold: Time,
    /// The last worker that got the job.
    pub(super) worker: WorkerNumber,
    pub(super) taken: Time,
    pub(super) arrived: Time,
    pub(super) started: Time,
    pub(super) returned: Time,
    pub(super) ended: Option<Time>,
    /// How often a handler was called with the job.
    pub(super) runs: u32,
    /// How often the platform accepted a result.
    pub(super) ends: u32,
    /// How often a worker gave up a result.
    pub(super) dropped: u32,
}

/// The parts of the time from the submission of a job to the acceptance of its result, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Parts {
    /// In the queue, while the worker that took the job was starting.
    pub(super) cold: f64,
    /// In the queue for another reason.
    pub(super) queue: f64,
    /// From the first worker that took the job to the last one.
    pub(super) lost: f64,
    /// From the platform to the worker.
    pub(super) take: f64,
    /// In the worker, until the handler starts.
    pub(super) slot: f64,
    pub(super) run: f64,
    /// From the return of the handler until the platform accepts the result.
    pub(super) post: f64,
}

impl Job {
    pub(super) fn new(length: Time, submitted: Time) -> Self {
        Self {
            length,
            submitted,
            first_taken: None,
            cold: 0,
            worker: 0,
            taken: submitted,
            arrived: submitted,
            started: submitted,
            returned: submitted,
            ended: None,
            runs: 0,
            ends: 0,
            dropped: 0,
        }
    }

    pub(super) fn latency(&self) -> Option<Time> {
        Some(self.ended? - self.submitted)
    }

    /// Returns the parts of the job's latency, if the job has ended.
    pub(super) fn parts(&self) -> Option<Parts> {
        let (ended, first) = (self.ended?, self.first_taken?);
        // If an earlier worker delivers the result of a job that another one already has, these times are those of the
        // other worker.
        let at = |time: Time, earliest: Time| time.clamp(earliest, ended.max(earliest));
        let taken = at(self.taken, first);
        let arrived = at(self.arrived, taken);
        let started = at(self.started, arrived);
        let returned = at(self.returned, started);
        Some(Parts {
            cold: in_secs(self.cold),
            queue: in_secs(first - self.submitted - self.cold),
            lost: in_secs(taken - first),
            take: in_secs(arrived - taken),
            slot: in_secs(started - arrived),
            run: in_secs(returned - started),
            post: in_secs(ended - returned),
        })
    }
}

impl Parts {
    pub(super) const NAMES: [&str; 7] = [
        "cold start",
        "queue",
        "lost worker",
        "take",
        "wait in the worker",
        "run",
        "post",
    ];

    pub(super) fn list(self) -> [f64; 7] {
        [
            self.cold, self.queue, self.lost, self.take, self.slot, self.run, self.post,
        ]
    }

    pub(super) fn sum(self) -> f64 {
        self.list().iter().sum()
    }

    /// Returns the mean of each part.
    pub(super) fn mean(all: impl Iterator<Item = Self>) -> Self {
        let (mut sum, mut count) = ([0.0; 7], 0.0);
        for parts in all {
            for (sum, part) in sum.iter_mut().zip(parts.list()) {
                *sum += part;
            }
            count += 1.0;
        }
        let [cold, queue, lost, take, slot, run, post] = sum.map(|it| it / f64::max(count, 1.0));
        Self {
            cold,
            queue,
            lost,
            take,
            slot,
            run,
            post,
        }
    }
}
