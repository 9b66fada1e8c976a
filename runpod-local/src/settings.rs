//! The sizes and times of the endpoint's rules. The defaults are the values of production.

use std::time::Duration;

/// The limits for the size of requests and for stored data.
///
/// The [`Default`] values are those of production. Bytes are counted in the JSON as it is sent. 1 MiB is 1,048,576
/// bytes.
///
/// ```
/// use runpod_local::{Endpoint, Limits};
///
/// let mut limits = Limits::default();
/// assert_eq!(limits.run_body, 10 * 1024 * 1024);
///
/// // To see how a client reacts when its job is refused:
/// limits.queued_jobs = 2;
/// let endpoint = Endpoint::new().limits(limits);
/// # drop(endpoint);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The maximum size of a `/run` request in bytes. The default is 10 MiB.
    pub run_body: usize,
    /// The maximum size of a `/runsync` request in bytes. The default is 20 MiB.
    pub runsync_body: usize,
    /// The maximum size in bytes of a result or a stream item that a worker posts. The default is 20 MiB.
    pub result_body: usize,
    /// The maximum size in bytes of one item in an answer of `/stream`. A larger item is split. The default is 1 MiB.
    pub stream_item: usize,
    /// The maximum size in bytes of the items in one answer of `/stream`. A single item may be larger. The default is 8
    /// MiB.
    pub stream_answer: usize,
    /// The number of stream items kept for one job. Beyond this, the oldest are dropped. The default is 10,000.
    pub stream_items_kept: usize,
    /// The bytes of stream items kept for one job. Beyond this, the oldest are dropped. The default is 64 MiB.
    pub stream_bytes_kept: usize,
    /// The maximum number of jobs in the queue. The default is 1,000,000.
    pub queued_jobs: usize,
    /// The maximum number of bytes stored for inputs and outputs of all jobs. Finished jobs make room, the oldest
    /// first. The default is 4 GiB.
    pub held_bytes: u64,
    /// How often a job goes back to the queue because its worker was lost. After that, the job fails. The default is 3.
    pub lost_retries: u32,
    /// The number of log lines kept for one job. The default is 1,000.
    pub log_lines: usize,
    /// The bytes of log lines kept for one job. The default is 256 KiB.
    pub log_bytes: usize,
    /// The maximum number of workers known at the same time. The default is 10,000.
    pub workers: usize,
    /// The maximum number of webhook requests at the same time. The default is 32. 0 counts as 1.
    pub webhooks_in_flight: usize,
    /// The maximum number of bytes of inputs and results that wait for their webhooks, including the requests in
    /// progress. The default is 256 MiB.
    ///
    /// If a job finishes while this limit is reached, its webhook is not called. The job's log says so, and a warning
    /// names the first such job. A result that is larger than the limit waits alone.
    pub webhook_bytes: u64,
    /// The maximum number of bytes of events that wait for one connection to `/local/events`. A single event may be
    /// larger. The default is 4 MiB.
    ///
    /// A page that reads too slowly must load everything again.
    pub event_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            run_body: 10 * MIB,
            runsync_body: 20 * MIB,
            result_body: 20 * MIB,
            stream_item: MIB,
            stream_answer: 8 * MIB,
            stream_items_kept: 10_000,
            stream_bytes_kept: 64 * MIB,
            queued_jobs: 1_000_000,
            held_bytes: 4 * 1024 * MIB as u64,
            lost_retries: 3,
            log_lines: 1_000,
            log_bytes: 256 * 1024,
            workers: 10_000,
            webhooks_in_flight: 32,
            webhook_bytes: 256 * MIB as u64,
            event_bytes: 4 * MIB,
        }
    }
}

/// The times of the endpoint's rules.
///
/// The [`Default`] values are those of production. Tests can choose shorter times. [`Duration::MAX`] means never.
///
/// ```
/// use std::time::Duration;
///
/// use runpod_local::{Endpoint, Timing};
///
/// let mut timing = Timing::default();
/// assert_eq!(timing.execution_timeout, Duration::from_secs(600));
///
/// // After half a second without a sign of life, a worker's jobs go back to the queue.
/// timing.lost_after = Duration::from_millis(500);
/// timing.ping_interval = Duration::from_millis(100);
/// let endpoint = Endpoint::new().timing(timing);
/// # drop(endpoint);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// How long a worker's job-take request is held open if there is no job. The default is 10 s.
    pub take_hold: Duration,
    /// How long a worker's stop poll is held open. The default is 10 s.
    pub stop_hold: Duration,
    /// How long `/stream` is held open if there is no new item. The default is 5 s.
    pub stream_hold: Duration,
    /// How long `/runsync` and `/status-sync` wait unless the client sets a time. The default is 90 s.
    pub sync_wait: Duration,
    /// The time without a sign of life after which a worker counts as lost. The default is 10 s.
    ///
    /// Polls, posts and pings are signs of life. A worker that never pings and never asks which jobs to stop gives no
    /// sign of life while all its slots are busy. Such a worker is lost only after six times as long.
    pub lost_after: Duration,
    /// The interval between pings, which workers get as an environment variable. The default is 2 s.
    pub ping_interval: Duration,
    /// How long a job may run unless its policy sets a limit. The default is 10 min.
    pub execution_timeout: Duration,
    /// How long a job may take from its submission to its end unless its policy sets a limit. The default is 24 h.
    ///
    /// After that, a job in the queue is `TIMED_OUT`, and a running job is removed.
    pub ttl: Duration,
    /// How long the result of a `/run` job is kept after the job has finished. The default is 30 min.
    pub run_retention: Duration,
    /// How long the result of a `/runsync` job is kept after the job has finished. The default is 1 min.
    pub runsync_retention: Duration,
    /// The pause between two attempts to call a webhook. The default is 10 s.
    pub webhook_pause: Duration,
    /// How long one attempt to call a webhook may take. The default is 30 s.
    pub webhook_timeout: Duration,
    /// How long answers in progress may take when the endpoint shuts down. The default is 2 s.
    pub shutdown_grace: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            take_hold: seconds(10),
            stop_hold: seconds(10),
            stream_hold: seconds(5),
            sync_wait: seconds(90),
            lost_after: seconds(10),
            ping_interval: seconds(2),
            execution_timeout: seconds(10 * 60),
            ttl: seconds(24 * 60 * 60),
            run_retention: seconds(30 * 60),
            runsync_retention: seconds(60),
            webhook_pause: seconds(10),
            webhook_timeout: seconds(30),
            shutdown_grace: seconds(2),
        }
    }
}
