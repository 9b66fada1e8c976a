//! The record of a job.

use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::clock::after;
use super::history::History;
use super::id::JobId;
use super::json::Json;
use super::log_lines::LogLine;
use super::stream::JobStream;
use super::views::{JobReport, Status};
use super::waiting_jobs::Place;

/// A job as a client submitted it.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) id: JobId,
    /// The JSON for the worker: `{"id": …, "input": …, …}`.
    pub(crate) task: Bytes,
    /// The position of the input in `task`.
    pub(crate) input: Range<usize>,
    pub(crate) policy: JobPolicy,
    pub(crate) webhook: Option<Box<str>>,
}

/// The time limits of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JobPolicy {
    pub(crate) execution_timeout: Duration,
    pub(crate) ttl: Duration,
}

/// The end of a job, from its worker or by a rule of the endpoint.
#[derive(Debug, Clone)]
pub(crate) struct JobOutcome {
    pub(crate) status: Status,
    pub(crate) output: Option<Json>,
    pub(crate) error: Option<Json>,
}

impl JobOutcome {
    /// Creates the outcome of a worker's post. With an error, the job has failed.
    pub(crate) fn posted(output: Option<Json>, error: Option<Json>) -> Self {
        let status = if error.is_some() {
            Status::Failed
        } else {
            Status::Completed
        };
        Self {
            status,
            output,
            error,
        }
    }

    pub(super) fn cancelled() -> Self {
        Self {
            status: Status::Cancelled,
            output: None,
            error: None,
        }
    }

    /// Creates the outcome of a job that a rule of the endpoint has ended.
    pub(super) fn with_error(status: Status, error: &str) -> Self {
        Self {
            status,
            output: None,
            error: Some(Json::string(error)),
        }
    }
}

/// Whether a worker's post was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    Yes,
    /// The job has already finished, or another worker has it now.
    Ignored,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) status: Status,
    pub(super) task: Bytes,
    pub(super) input: Range<usize>,
    pub(super) policy: JobPolicy,
    pub(super) webhook: Option<Box<str>>,
    /// When the job was submitted, in ms since 1970.
    pub(super) submitted: u64,
    /// When the job was submitted, or last retried by the client. Its `ttl` and its delay count from here.
    pub(super) queued_at: Instant,
    pub(super) taken_at: Option<Instant>,
    pub(super) ended_at: Option<Instant>,
    /// When the job expires, once it has finished.
    pub(super) expires: Option<Instant>,
    /// The job's place in the queue, while it is queued.
    pub(super) place: Option<Place>,
    /// The earliest of the job's time limits, while it is unfinished.
    pub(super) due: Instant,
    /// The worker that runs the job, or ran it last.
    pub(super) worker: Option<Arc<str>>,
    /// The workers that ran the job before.
    pub(super) earlier: Vec<Arc<str>>,
    /// The number of workers in `earlier` that had the job before the client's last retry.
    pub(super) outdated: usize,
    pub(super) output: Option<Json>,
    pub(super) error: Option<Json>,
    /// The newest progress update.
    pub(super) progress: Option<Json>,
    pub(super) stream: Option<Box<JobStream>>,
    pub(super) lines: Option<Box<History<LogLine>>>,
    pub(super) retries: u32,
    /// The number of retries because a worker was lost.
    pub(super) losses: u32,
    /// Created for the first client that waits.
    pub(super) watch: Option<Arc<JobWatch>>,
    /// The weight that was last counted.
    pub(super) counted: u64,
}

impl Job {
    pub(super) fn new(submission: Submission, submitted: u64, now: Instant) -> Self {
        let Submission {
            id,
            task,
            input,
            policy,
            webhook,
        } = submission;
        Self {
            id,
            status: Status::InQueue,
            task,
            input,
            policy,
            webhook,
            submitted,
            queued_at: now,
            taken_at: None,
            ended_at: None,
            expires: None,
            place: None,
            due: after(now, policy.ttl),
            worker: None,
            earlier: Vec::new(),
            outdated: 0,
            output: None,
            error: None,
            progress: None,
            stream: None,
            lines: None,
            retries: 0,
            losses: 0,
            watch: None,
            counted: 0,
        }
    }

    pub(super) fn ttl_ends(&self) -> Instant {
        after(self.queued_at, self.policy.ttl)
    }

    /// Returns the time from the submission to the start, or to the end if the job never started.
    pub(super) fn delay(&self) -> Option<Duration> {
        self.taken_at
            .or(self.ended_at)
            .map(|at| at.saturating_duration_since(self.queued_at))
    }

    pub(super) fn execution(&self) -> Option<Duration> {
        Some(self.ended_at?.saturating_duration_since(self.taken_at?))
    }

    /// Returns a worker's claim to this job.
    pub(super) fn claim(&self, worker: &str) -> Claim {
        if self.worker.as_deref() == Some(worker) {
            return Claim::Current;
        }
        match self
            .earlier
            .iter()
            .rposition(|earlier| **earlier == *worker)
        {
            Some(at) if at >= self.outdated => Claim::Earlier,
            Some(_) => Claim::Outdated,
            None => Claim::None,
        }
    }

    /// Returns the bytes that count towards the memory limit.
    pub(super) fn weight(&self) -> u64 {
        let json = |json: &Option<Json>| json.as_ref().map_or(0, Json::len);
        let stream = self
            .stream
            .as_ref()
            .map_or(0, |stream| stream.items.total_bytes());
        let lines = self.lines.as_ref().map_or(0, |lines| lines.total_bytes());
        (OVERHEAD
            + self.task.len()
            + json(&self.output)
            + json(&self.error)
            + json(&self.progress)
            + self.webhook.as_ref().map_or(0, |url| url.len())
            + stream
            + lines) as u64
    }

    /// Takes the job away from its worker.
    pub(super) fn leave_worker(&mut self) {
        let Some(worker) = self.worker.take() else {
            return;
        };
        if !self.earlier[self.outdated..].contains(&worker) {
            self.earlier.push(worker);
        }
    }

    /// Returns the watch for clients that wait for a change.
    pub(super) fn watch(&mut self) -> Arc<JobWatch> {
        Arc::clone(self.watch.get_or_insert_default())
    }

    pub(super) fn tell_waiters(&self) {
        if let Some(watch) = &self.watch {
            watch.changed.notify_waiters();
        }
    }

    pub(super) fn end(&mut self, outcome: JobOutcome, now: Instant) {
        self.status = outcome.status;
        self.output = outcome.output;
        self.error = outcome.error;
        self.progress = None;
        self.ended_at = Some(now);
        if let Some(watch) = self.watch.take() {
            // The watch is dropped here, and a retried job gets a new one. The end is therefore set only once.
            let _ = watch.end.set(self.report());
            watch.changed.notify_waiters();
        }
    }

    /// Resets the job as if it had just been submitted.
    pub(super) fn start_over(&mut self, now: Instant) {
        self.queued_at = now;
        self.taken_at = None;
        self.ended_at = None;
        self.expires = None;
        self.due = self.ttl_ends();
        self.output = None;
        self.error = None;
        self.retries += 1;
        self.losses = 0;
        if let Some(stream) = &mut self.stream {
            stream.start_over();
        }
    }
}

/// The state that all clients waiting for one job share.
#[derive(Debug, Default)]
pub(super) struct JobWatch {
    pub(super) changed: Arc<Notify>,
    /// How the job ended. When a client reads this, the job itself may no longer exist: its time to live is over, or
    /// its result was dropped to free memory.
    pub(super) end: OnceLock<JobReport>,
}

/// The approximate number of bytes per job, apart from its data.
pub(super) const OVERHEAD: usize = 768;

/// A worker's claim to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// The worker runs the job, or ran it last.
    Current,
    /// The worker took the job and was thought lost.
    Earlier,
    /// The worker took the job before the client's last retry.
    Outdated,
    /// The worker never took the job.
    None,
}
