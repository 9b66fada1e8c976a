//! The data that clients and the page see of jobs and workers. There is one type for each purpose, and no rules.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::id::JobId;
use super::json::Json;
use super::log_lines::LogLine;

/// The status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    InQueue,
    InProgress,
    Completed,
    Failed,
    Cancelled,
    TimedOut,
}

impl Status {
    pub(crate) fn is_final(self) -> bool {
        !matches!(self, Self::InQueue | Self::InProgress)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InQueue => "IN_QUEUE",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::TimedOut => "TIMED_OUT",
        }
    }
}

/// A job as clients see it.
#[derive(Debug, Clone)]
pub(crate) struct JobReport {
    pub(crate) id: JobId,
    pub(crate) status: Status,
    pub(crate) delay: Option<Duration>,
    pub(crate) execution: Option<Duration>,
    /// The result. While the job runs, this is its newest progress update.
    pub(crate) output: Option<Json>,
    pub(crate) error: Option<Json>,
    pub(crate) worker: Option<Arc<str>>,
    pub(crate) retries: u32,
}

/// The items of a job's stream for a client.
#[derive(Debug, Clone)]
pub(crate) struct StreamBatch {
    /// The job's status. It is final only if all items were fetched, because clients stop at a final status.
    pub(crate) status: Status,
    pub(crate) items: Vec<Json>,
}

/// An entry in the page's list of jobs.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    pub(crate) id: JobId,
    pub(crate) status: Status,
    /// The time from the submission to the start, in ms.
    pub(crate) delay_time: Option<u64>,
    /// The time from the start to the end, in ms. `None` until the job has finished.
    pub(crate) execution_time: Option<u64>,
    /// When the job was submitted, in ms since 1970.
    pub(crate) submitted: u64,
    /// When the job entered its present state, in ms since 1970.
    pub(crate) since: u64,
    pub(crate) worker_id: Option<Arc<str>>,
    pub(crate) retries: u32,
    /// The number of stream items so far.
    pub(crate) items: u64,
    /// The beginning of the input.
    pub(crate) preview: String,
    /// The newest progress update of a running job. If it is very large, this is the beginning of its JSON, as a text.
    pub(crate) progress: Option<Json>,
    /// The first line of the error, shortened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// All details of one job.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Detail {
    /// The summary without its `error`. The field `error` below has the whole error.
    #[serde(flatten)]
    pub(crate) summary: Summary,
    pub(crate) input: Json,
    pub(crate) output: Option<Json>,
    pub(crate) error: Option<Json>,
    pub(crate) stream: Vec<Json>,
    /// The number of the first item that is kept.
    pub(crate) stream_from: u64,
    pub(crate) logs: Vec<LogLine>,
    /// Whether the job has a webhook.
    pub(crate) webhook: bool,
}

/// A worker as the page shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkerSummary {
    pub(crate) id: Arc<str>,
    pub(crate) version: Option<Arc<str>>,
    pub(crate) user_agent: Option<Arc<str>>,
    pub(crate) jobs: Vec<JobId>,
    /// The time in ms since 1970.
    pub(crate) last_ping: Option<u64>,
    /// The time in ms since 1970.
    pub(crate) last_seen: u64,
    pub(crate) state: WorkerState,
    /// The reason why the worker is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WorkerState {
    Idle,
    Running,
    /// With its last result, the worker has announced that it exits.
    Refreshing,
    Unhealthy,
}

/// The data of the page's chart.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Stats {
    /// The number of jobs that finished in each of the last 60 seconds, the oldest second first.
    pub(crate) throughput: Vec<u32>,
    pub(crate) latency: Latency,
    pub(crate) queue: usize,
    pub(crate) running: usize,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
}

/// Percentiles of delay plus execution time for the last 1,000 finished jobs, in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: Option<u64>,
    pub(crate) p90: Option<u64>,
    pub(crate) p99: Option<u64>,
}

/// The counts of `/health`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) in_progress: usize,
    pub(crate) in_queue: usize,
    pub(crate) retried: u64,
    pub(crate) idle: usize,
    /// Workers that are being built or are loading, and workers that will be replaced by a fresh one.
    pub(crate) initializing: usize,
    pub(crate) running: usize,
    pub(crate) unhealthy: usize,
    pub(crate) readiness: Readiness,
}

/// Whether a worker takes jobs and, if none does, the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Readiness {
    pub(crate) state: ReadyState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReadyState {
    Ready,
    Building,
    /// A worker was started or sends pings, but has not asked for a job.
    Loading,
    BuildFailed,
    Crashed,
    Unhealthy,
    #[default]
    NoWorker,
}

impl ReadyState {
    /// All states in the order in which they are checked.
    pub(crate) const ALL: [Self; 7] = [
        Self::Ready,
        Self::Building,
        Self::Loading,
        Self::BuildFailed,
        Self::Crashed,
        Self::Unhealthy,
        Self::NoWorker,
    ];
}
