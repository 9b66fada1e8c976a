//! The queue with a clock that the caller sets. A simulation runs hours of traffic in seconds with it.
//!
//! Not public API: `runpod-runtime/tests/simulation` uses this module. Every method gets the time since the start of
//! the queue. The caller must not go back in time, and must call [`VirtualQueue::tick`] at each
//! [`VirtualQueue::next_alarm`].

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::id::JobId;
use super::job::{Accepted, JobOutcome, JobPolicy, Submission};
use super::state::QueueState;
use super::worker::{CallingWorker, Ping};
use crate::settings::{Limits, Timing};

/// The queue of an endpoint in virtual time. Jobs have numbers instead of ids and inputs.
#[derive(Debug)]
pub struct VirtualQueue {
    state: QueueState,
    start: Instant,
    policy: JobPolicy,
}

/// The endpoint's answer to a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VirtualPost {
    /// The result has ended the job.
    Accepted,
    /// The job has already ended, or the result belongs to an earlier attempt.
    Ignored,
    /// The endpoint does not know the job any more, or the worker never took it.
    Refused,
}

impl VirtualQueue {
    /// Creates a queue with these limits and times.
    pub fn new(limits: Limits, timing: Timing) -> Self {
        let start = Instant::now();
        let policy = JobPolicy {
            execution_timeout: timing.execution_timeout,
            ttl: timing.ttl,
        };
        Self {
            state: QueueState::new(limits, timing, broadcast::Sender::new(1), start),
            start,
            policy,
        }
    }

    /// Submits a job. Returns whether the queue has room for it.
    pub fn submit(&mut self, job: u64, now: Duration) -> bool {
        let task = Bytes::copy_from_slice(&job.to_le_bytes());
        let submission = Submission {
            id: JobId::numbered(job),
            input: 0..task.len(),
            task,
            policy: self.policy,
            webhook: None,
        };
        self.at(now, |state, now| state.submit(submission, now).is_ok())
    }

    /// Takes up to `most` jobs for a worker. A worker that has ended gets none.
    pub fn take(&mut self, worker: &str, most: usize, now: Duration) -> Vec<u64> {
        let tasks = self.at(now, |state, now| state.take(caller(worker), most, now));
        let number = |task: &Bytes| Some(u64::from_le_bytes(task.get(..8)?.try_into().ok()?));
        tasks
            .unwrap_or_default()
            .iter()
            .filter_map(number)
            .collect()
    }

    /// Records that a job-take request of this worker is held open.
    pub fn poll_begins(&mut self, worker: &str, now: Duration) {
        self.at(now, |state, _| state.poll_begins(worker));
    }

    /// Records that the held request was answered, or that the worker has closed it.
    pub fn poll_ends(&mut self, worker: &str, hung_up: bool, now: Duration) {
        self.at(now, |state, now| state.poll_ends(worker, hung_up, now));
    }

    /// Handles a heartbeat that names these jobs.
    pub fn ping(&mut self, worker: &str, jobs: &[u64], now: Duration) {
        let ping = Ping {
            jobs: jobs.iter().map(|job| JobId::numbered(*job)).collect(),
            ..Ping::default()
        };
        // A worker that has ended may still have a heartbeat on its way.
        let _ = self.at(now, |state, now| state.ping(caller(worker), &ping, now));
    }

    /// Handles a result.
    pub fn done(&mut self, worker: &str, job: u64, refreshes: bool, now: Duration) -> VirtualPost {
        let outcome = JobOutcome::posted(None, None);
        let id = JobId::numbered(job);
        match self.at(now, |state, now| {
            state.done(worker, id, outcome, refreshes, now)
        }) {
            Ok(Accepted::Yes) => VirtualPost::Accepted,
            Ok(Accepted::Ignored) => VirtualPost::Ignored,
            Err(_) => VirtualPost::Refused,
        }
    }

    /// Reports that a worker will be stopped. It gets no more jobs.
    pub fn worker_leaves(&mut self, worker: &str, now: Duration) {
        self.at(now, |state, _| {
            state.workers.leaving.insert(worker.into());
        });
    }

    /// Reports the exit of a worker. Its jobs return to the queue.
    pub fn worker_ended(&mut self, worker: &str, now: Duration) {
        self.at(now, |state, now| state.worker_ended(worker, now));
    }

    /// Returns the time at which [`tick`](Self::tick) must be called next.
    pub fn next_alarm(&self) -> Option<Duration> {
        let at = self.state.alarm.at?;
        Some(at.saturating_duration_since(self.start))
    }

    /// Handles everything that is due.
    pub fn tick(&mut self, now: Duration) {
        while self.at(now, QueueState::tick) {}
    }

    /// Returns the number of jobs in the queue.
    pub fn waiting(&self) -> usize {
        self.state.waiting.len()
    }

    /// Returns the number of jobs that workers have.
    pub fn running(&self) -> usize {
        self.state.running
    }

    /// Returns how often a job has returned to the queue because its worker was lost or no longer named it.
    pub fn returned(&self) -> u64 {
        self.state.metrics.retried
    }

    fn at<T>(&mut self, now: Duration, work: impl FnOnce(&mut QueueState, Instant) -> T) -> T {
        let done = work(&mut self.state, self.start + now);
        if self.state.publisher.has_lines() {
            self.state.publisher.take_lines();
        }
        done
    }
}

fn caller(worker: &str) -> CallingWorker<'_> {
    CallingWorker {
        worker,
        agent: None,
    }
}
