//! What is known of one job.

use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::describe::Report;
use super::json::Json;
use super::lines::Lines;
use super::monotonic::after;
use super::stream::Stream;
use super::{JobId, Status};

/// A job as a client asked for it.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) id: JobId,
    /// What the worker is given: `{"id": …, "input": …, …}`.
    pub(crate) task: Bytes,
    /// Where the input is in it.
    pub(crate) input: Range<usize>,
    pub(crate) policy: Policy,
    pub(crate) webhook: Option<Box<str>>,
}

/// The limits of one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) execution_timeout: Duration,
    pub(crate) ttl: Duration,
}

/// The number of a place in the queue; lower numbers come first. Jobs that come back from a lost worker count down from
/// zero, all others count up.
pub(super) type Place = i64;

#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) status: Status,
    pub(super) task: Bytes,
    pub(super) input: Range<usize>,
    pub(super) policy: Policy,
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
    pub(super) stream: Option<Box<Stream>>,
    pub(super) lines: Option<Box<Lines>>,
    pub(super) retries: u32,
    /// How many of these were because its worker was lost.
    pub(super) losses: u32,
    /// Made for the first client that waits.
    pub(super) watch: Option<Arc<Watch>>,
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
    pub(super) fn tie(&self, worker: &str) -> Tie {
        if self.worker.as_deref() == Some(worker) {
            return Tie::Current;
        }
        match self
            .earlier
            .iter()
            .rposition(|earlier| **earlier == *worker)
        {
            Some(at) if at >= self.outdated => Tie::Earlier,
            Some(_) => Tie::Outdated,
            None => Tie::None,
        }
    }

    /// Bytes that count against what may be held.
    pub(super) fn weight(&self) -> u64 {
        let json = |json: &Option<Json>| json.as_ref().map_or(0, Json::len);
        let stream = self.stream.as_ref().map_or(0, |stream| stream.bytes());
        let lines = self.lines.as_ref().map_or(0, |lines| lines.bytes());
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
    pub(super) fn watch(&mut self) -> Arc<Watch> {
        Arc::clone(self.watch.get_or_insert_default())
    }

    pub(super) fn tell_waiters(&self) {
        if let Some(watch) = &self.watch {
            watch.changed.notify_waiters();
        }
    }
}

/// What the clients that wait for one job share.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) changed: Arc<Notify>,
    /// How the job ended. The job itself may be gone by the time that a client looks: its time to live is over, or its
    /// result had to make room.
    pub(super) end: OnceLock<Report>,
}

/// What a job costs beside its input and output, about.
pub(super) const OVERHEAD: usize = 768;

/// How a worker stands to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// Runs it, or ran it last.
    Current,
    /// Took it and was thought lost.
    Earlier,
    /// Took it before the client asked for a retry.
    Outdated,
    /// Never took it.
    None,
}
