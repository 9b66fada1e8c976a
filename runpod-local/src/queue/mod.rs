//! The queue: what is known of jobs and workers, and what follows from what happens to them. No HTTP.
//!
//! The rules are methods of [`state::QueueState`], which never waits and is told what time it is: [`assignment`], [`presence`],
//! [`emitted`] and [`ending`]. [`handle::Queue`] puts one lock and a clock around it, and [`long_polls`] those who wait.

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
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod views;
mod waiting_jobs;
mod webhooks;
mod worker;
mod workers;

pub(crate) use clock::ms;
pub(crate) use error::QueueError;
pub(crate) use events::Event;
pub(crate) use handle::Queue;
pub(crate) use id::JobId;
pub(crate) use job::{Accepted, Outcome, Policy, Submission};
pub use job_logs::JobLogs;
pub(crate) use json::Json;
pub(crate) use log_lines::LogLine;
pub(crate) use views::{
    Health, ReadyState, Report, Stats, Status, StreamBatch, Summary, WorkerSummary,
};
pub(crate) use webhooks::WebhookCall;
pub(crate) use worker::{CallingWorker, Ping};
