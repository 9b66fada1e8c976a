//! What is known of one job.

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

/// A job as a client asked for it.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) id: JobId,
    /// What the worker is given: `{"id": …, "input": …, …}`.
    pub(crate) task: Bytes,
    /// Where the input is in it.
    pub(crate) input: Range<usize>,
    pub(crate) policy: JobPolicy,
    pub(crate) webhook: Option<Box<str>>,
}

/// The limits of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JobPolicy {
    pub(crate) execution_timeout: Duration,
    pub(crate) ttl: Duration,
}

/// A job's end, as it comes from a worker or from the rules.
#[derive(Debug, Clone)]
pub(crate) struct JobOutcome {
    pub(crate) status: Status,
    pub(crate) output: Option<Json>,
    pub(crate) error: Option<Json>,
}

impl JobOutcome {
    /// What a worker posted: with an error, the job has failed.
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

    /// Ended by the rules.
    pub(super) fn with_error(status: Status, error: &str) -> Self {
        Self {
            status,
            output: None,
            error: Some(Json::string(error)),
        }
    }
}

/// Whether what a worker posted counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    Yes,
    /// The job has ended already, or is another worker's by now.
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
    /// In ms since 1970.
    pub(super) submitted: u64,
    /// Submitted, or retried by the client: its `ttl` and its delay count from here.
    pub(super) queued_at: Instant,
    pub(super) taken_at: Option<Instant>,
    pub(super) ended_at: Option<Instant>,
    /// When it is forgotten, once it has ended.
    pub(super) expires: Option<Instant>,
    /// While it is queued.
    pub(super) place: Option<Place>,
    /// The next of its time limits, while it has not ended.
    pub(super) due: Instant,
    /// Who runs it, or ran it last.
    pub(super) worker: Option<Arc<str>>,
    /// Who ran it before that.
    pub(super) earlier: Vec<Arc<str>>,
    /// So many of these had it before the client asked for a retry.
    pub(super) outdated: usize,
    pub(super) output: Option<Json>,
    pub(super) error: Option<Json>,
    /// The newest progress update.
    pub(super) progress: Option<Json>,
    pub(super) stream: Option<Box<JobStream>>,
    pub(super) lines: Option<Box<History<LogLine>>>,
    pub(super) retries: u32,
    /// How many of these were because its worker was lost.
    pub(super) losses: u32,
    /// Made for the first client that waits.
    pub(super) watch: Option<Arc<JobWatch>>,
    /// Its weight as it was counted last.
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

    /// From submission to the start; to the end, where it never started.
    pub(super) fn delay(&self) -> Option<Duration> {
        self.taken_at
            .or(self.ended_at)
            .map(|at| at.saturating_duration_since(self.queued_at))
    }

    pub(super) fn execution(&self) -> Option<Duration> {
        Some(self.ended_at?.saturating_duration_since(self.taken_at?))
    }

    /// How a worker stands to this job.
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

    /// Bytes that count against what may be held.
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

    /// Its worker has it no more.
    pub(super) fn leave_worker(&mut self) {
        let Some(worker) = self.worker.take() else {
            return;
        };
        if !self.earlier[self.outdated..].contains(&worker) {
            self.earlier.push(worker);
        }
    }

    /// For clients that wait until something changes.
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
            // The first end counts, and there is only one until the job is retried, with another watch.
            let _ = watch.end.set(self.report());
            watch.changed.notify_waiters();
        }
    }

    /// As if it had just been submitted.
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

/// What the clients that wait for one job share.
#[derive(Debug, Default)]
pub(super) struct JobWatch {
    pub(super) changed: Arc<Notify>,
    /// How the job ended. The job itself may be gone by the time that a client looks: its time to live is over, or its
    /// result had to make room.
    pub(super) end: OnceLock<JobReport>,
}

/// What a job costs beside its input and output, about.
pub(super) const OVERHEAD: usize = 768;

/// How a worker stands to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// Runs it, or ran it last.
    Current,
    /// Took it and was thought lost.
    Earlier,
    /// Took it before the client asked for a retry.
    Outdated,
    /// Never took it.
    None,
}
