//! Events for the page and lines for the log. If nobody listens, they are not created.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tracing::Level;

use super::id::JobId;
use super::views::Status;

/// A change that the page shows.
///
/// An event only names what has changed, because it may wait a long time for a slow reader. The new state is read when
/// the event is sent.
#[derive(Debug, Clone)]
pub(crate) enum PageEvent {
    /// The endpoint's handlers have changed.
    Described,
    Job(JobId),
    /// A worker has attached, left or changed.
    Worker(Arc<str>),
    /// A worker has reported the event with this number.
    Reported(u64),
    /// A new stream item with this number.
    Item {
        job: JobId,
        index: u64,
    },
    /// A new log line with this number.
    Log {
        job: JobId,
        index: u64,
    },
}

/// Sends events to the open pages, and collects log lines.
#[derive(Debug)]
pub(super) struct Publisher {
    events: broadcast::Sender<PageEvent>,
    lines: Vec<LogEvent>,
    quiet: bool,
}

/// A line of the endpoint's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LogEvent {
    Queued(JobId),
    Taken {
        job: JobId,
        worker: Arc<str>,
        after: Duration,
    },
    Ended {
        job: JobId,
        status: Status,
        execution: Option<Duration>,
        error: Option<String>,
    },
    /// A worker has lost the job, which goes back to the queue for this retry.
    Returned {
        job: JobId,
        worker: Arc<str>,
        retries: u32,
    },
    Retried(JobId),
    Purged(usize),
    /// The job's time to live ended while it was running.
    Removed {
        job: JobId,
        worker: Arc<str>,
        ttl: Duration,
    },
    Ignored {
        job: JobId,
        worker: String,
        status: Status,
    },
    ItemsDropped(JobId),
    ResultsDropped,
    /// The webhook of this job is not called, and perhaps those of later jobs are not called either.
    WebhooksDropped {
        job: JobId,
        full: WebhooksFull,
    },
    WorkerCame(Arc<str>),
    WorkerLeft(Arc<str>),
    WorkerLost {
        worker: Arc<str>,
        silent: Duration,
        /// Whether pings with the worker's id still arrive.
        still_pings: bool,
    },
    WorkerUnhealthy {
        worker: Arc<str>,
        reason: Arc<str>,
    },
}

impl Publisher {
    pub(super) fn new(events: broadcast::Sender<PageEvent>) -> Self {
        Self {
            events,
            lines: Vec::new(),
            quiet: false,
        }
    }

    /// Sends an event. The event is created only if somebody listens.
    pub(super) fn publish(&self, event: impl FnOnce() -> PageEvent) {
        if self.events.receiver_count() > 0 {
            // Sending fails if the last listener has just gone.
            let _ = self.events.send(event());
        }
    }

    /// Collects a line. The line is created only if it will be logged.
    pub(super) fn info(&mut self, line: impl FnOnce() -> LogEvent) {
        if !self.quiet && tracing::enabled!(target: "runpod_local", Level::INFO) {
            self.lines.push(line());
        }
    }

    /// Sets whether only warnings are collected.
    pub(super) fn set_quiet(&mut self, quiet: bool) {
        self.quiet = quiet;
    }

    /// Collects a warning.
    pub(super) fn warn(&mut self, line: LogEvent) {
        self.lines.push(line);
    }

    pub(super) fn has_lines(&self) -> bool {
        !self.lines.is_empty()
    }

    pub(super) fn take_lines(&mut self) -> Vec<LogEvent> {
        std::mem::take(&mut self.lines)
    }
}

impl LogEvent {
    pub(super) fn log(&self) {
        if self.warns() {
            tracing::warn!(target: "runpod_local", "{self}");
        } else {
            tracing::info!(target: "runpod_local", "{self}");
        }
    }

    fn warns(&self) -> bool {
        matches!(
            self,
            Self::Returned { .. }
                | Self::Removed { .. }
                | Self::ItemsDropped(_)
                | Self::ResultsDropped
                | Self::WebhooksDropped { .. }
                | Self::WorkerLost { .. }
                | Self::WorkerUnhealthy { .. }
        )
    }
}

impl fmt::Display for LogEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queued(job) => write!(f, "job {job} queued"),
            Self::Taken { job, worker, after } => {
                write!(f, "job {job} taken by {worker} after {}", Rounded(*after))
            }
            Self::Ended {
                job,
                status,
                execution,
                error,
            } => {
                write!(f, "job {job} {}", status.as_str())?;
                match execution {
                    Some(execution) => write!(f, " in {}", Rounded(*execution))?,
                    None => f.write_str(" in the queue")?,
                }
                match error {
                    Some(error) => write!(f, ": {error}"),
                    None => Ok(()),
                }
            }
            Self::Returned {
                job,
                worker,
                retries,
            } => write!(
                f,
                "job {job}: worker {worker} no longer has it; it returns to the front of the queue (retry {retries})"
            ),
            Self::Retried(job) => write!(f, "job {job} queued again at its client's request"),
            Self::Purged(jobs) => write!(
                f,
                "{jobs} queued jobs CANCELLED, because a client purged the queue"
            ),
            Self::Removed { job, worker, ttl } => write!(
                f,
                "job {job} is removed while worker {worker} runs it, because its time to live of {} ms is over; \
                 /status answers 404 from now on",
                ttl.as_millis()
            ),
            Self::Ignored {
                job,
                worker,
                status,
            } => {
                write!(
                    f,
                    "job {job}: ignored a late result from worker {worker}, because "
                )?;
                if status.is_final() {
                    write!(f, "the job is already {}", status.as_str())
                } else {
                    f.write_str("it belongs to an earlier attempt")
                }
            }
            Self::ItemsDropped(job) => write!(
                f,
                "job {job}: the oldest stream items are dropped, because there are too many and no client has fetched them \
                 from /stream"
            ),
            Self::ResultsDropped => f.write_str(
                "the memory limit is reached, so the oldest results are dropped before they expire",
            ),
            Self::WebhooksDropped { job, full } => write!(
                f,
                "job {job}: {full}. Until less than half of the limit is in use, further such jobs are reported only in \
                 their own logs"
            ),
            Self::WorkerCame(worker) => write!(f, "worker {worker} attached"),
            Self::WorkerLeft(worker) => write!(f, "worker {worker} left"),
            Self::WorkerLost {
                worker,
                silent,
                still_pings,
            } => {
                let silent = Rounded(*silent);
                write!(f, "worker {worker} is lost: ")?;
                if *still_pings {
                    write!(
                        f,
                        "it has sent no other request for {silent}, although it still pings"
                    )
                } else {
                    write!(f, "silent for {silent}")
                }
            }
            Self::WorkerUnhealthy { worker, reason } => {
                write!(f, "worker {worker} is unhealthy: {reason}")
            }
        }
    }
}

/// The reason why a webhook is not called: too many bytes already wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WebhooksFull {
    /// The limit in bytes.
    pub(super) most: u64,
    /// Whether, since the last webhook that was not called, less than half of the limit was in use at some time.
    pub(super) is_new: bool,
}

impl fmt::Display for WebhooksFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the webhook is not called, because {} bytes of inputs and results already wait for their webhooks, which is \
             the limit; get the result from /status",
            self.most
        )
    }
}

/// A duration rounded for people: `12 ms`, `1.2 s`, `3 min 5 s`.
struct Rounded(Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        match ms {
            0..1_000 => write!(f, "{ms} ms"),
            1_000..60_000 => write!(f, "{}.{} s", ms / 1_000, ms % 1_000 / 100),
            _ => write!(f, "{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        }
    }
}
