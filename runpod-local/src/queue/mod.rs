//! The queue: jobs, workers, and the rules for both. It knows nothing about HTTP.
//!
//! The state and its rules do no I/O and get the time as an argument. [`state`] holds the data. The rules are in
//! [`assignment`] (which worker has a job), [`presence`] (which workers are alive), [`emitted`] (stream items,
//! progress and log lines) and [`ending`] (results, cancellation and time limits). [`handle`] adds a lock and a
//! clock. In [`long_polls`], clients and workers wait for changes. [`virtual_time`] has neither a lock nor a clock, for
//! simulations.

mod assignment;
mod clock;
mod deadlines;
mod emitted;
mod ending;
mod error;
mod events;
mod handle;
mod history;
mod id;
mod job;
mod job_logs;
mod job_views;
mod json;
mod log_lines;
mod long_polls;
mod metrics;
mod presence;
mod reported_events;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod views;
mod virtual_time;
mod waiting_jobs;
mod webhooks;
mod worker;
mod worker_events;
mod workers;

pub(crate) use clock::ms;
pub(crate) use error::QueueError;
pub(crate) use events::PageEvent;
pub(crate) use handle::Queue;
pub(crate) use id::JobId;
pub(crate) use job::{Accepted, JobOutcome, JobPolicy, Submission};
pub use job_logs::JobLogs;
pub(crate) use json::Json;
pub(crate) use log_lines::LogLine;
pub(crate) use reported_events::ReportedEvent;
#[cfg(test)]
pub(crate) use views::Latency;
pub(crate) use views::{
    Health, JobReport, ReadyState, Stats, Status, StreamBatch, Summary, WorkerSummary,
};
pub use virtual_time::{VirtualPost, VirtualQueue};
pub(crate) use webhooks::WebhookCall;
pub(crate) use worker::{CallingWorker, Ping};
pub use worker_events::{WorkerEvent, WorkerEvents};
