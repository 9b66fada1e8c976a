//! What is shown of jobs and workers, to clients and on the page.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::JobId;

/// Where a job is.
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

/// One line of the page's list of jobs.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    pub(crate) id: JobId,
    pub(crate) status: Status,
    /// From submission to the start, in ms.
    pub(crate) delay_time: Option<u64>,
    /// From the start to the end, in ms; absent until then.
    pub(crate) execution_time: Option<u64>,
    /// In ms since 1970.
    pub(crate) submitted: u64,
    /// When it came into its present state, in ms since 1970.
    pub(crate) since: u64,
    pub(crate) worker_id: Option<Arc<str>>,
    pub(crate) retries: u32,
    /// Stream items so far.
    pub(crate) items: u64,
    /// The beginning of the input.
    pub(crate) preview: String,
    /// The newest progress update of a job that runs; the beginning of its JSON, as a text, if it is very large.
    pub(crate) progress: Option<Box<RawValue>>,
    /// The error's first line, cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// All there is of one job.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Detail {
    /// Without its `error`, which stands below in whole.
    #[serde(flatten)]
    pub(crate) summary: Summary,
    pub(crate) input: Box<RawValue>,
    pub(crate) output: Option<Box<RawValue>>,
    pub(crate) error: Option<Box<RawValue>>,
    pub(crate) stream: Vec<Box<RawValue>>,
    /// The index of the first item that is still kept.
    pub(crate) stream_from: u64,
    pub(crate) logs: Vec<LogLine>,
    /// Whether the job has a webhook.
    pub(crate) webhook: bool,
}

/// A line that a handler logged, or that the endpoint has to say of a job.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LogLine {
    /// In ms since 1970.
    pub(crate) time: u64,
    pub(crate) level: &'static str,
    pub(crate) text: Arc<str>,
}

/// One worker, as the page shows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkerSummary {
    pub(crate) id: Arc<str>,
    pub(crate) version: Option<Arc<str>>,
    pub(crate) user_agent: Option<Arc<str>>,
    pub(crate) jobs: Vec<JobId>,
    /// In ms since 1970.
    pub(crate) last_ping: Option<u64>,
    /// In ms since 1970.
    pub(crate) last_seen: u64,
    pub(crate) state: WorkerState,
    /// Why it is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WorkerState {
    Idle,
    Running,
    /// It said with a result that it ends after it.
    Refreshing,
    Unhealthy,
}

/// The page's chart.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Stats {
    /// Jobs that ended in each of the last 60 seconds, oldest first.
    pub(crate) throughput: Vec<u32>,
    pub(crate) latency: Latency,
    pub(crate) queue: usize,
    pub(crate) running: usize,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
}

/// Delay and execution together, of the last 1,000 jobs that ended, in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: Option<u64>,
    pub(crate) p90: Option<u64>,
    pub(crate) p99: Option<u64>,
}

/// Something happened; told to the page. An event only names what has changed, as it may wait for a slow reader for long:
/// what is told of it is read when it is written out.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The endpoint's handlers are others now.
    Described,
    Job(JobId),
    /// It came, went, or is not what it was.
    Worker(Arc<str>),
    /// A stream item, by its number.
    Item {
        job: JobId,
        index: u64,
    },
    /// A log line, by its number.
    Log {
        job: JobId,
        index: u64,
    },
}
