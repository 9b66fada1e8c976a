//! Every number of the rules, with what holds in production as the default.

use std::time::Duration;

/// How much may be sent and held. [`Default`] is what holds in production. Bytes are of JSON as it is sent; 1 MiB is
/// 1,048,576 of them.
///
/// ```
/// use runpod_local::{Endpoint, Limits};
///
/// let mut limits = Limits::default();
/// assert_eq!(limits.run_body, 10 * 1024 * 1024);
///
/// // To see what a client does when its job is refused:
/// limits.queued_jobs = 2;
/// let endpoint = Endpoint::new().limits(limits);
/// # drop(endpoint);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a `/run` request: 10 MiB.
    pub run_body: usize,
    /// Bytes of a `/runsync` request: 20 MiB.
    pub runsync_body: usize,
    /// Bytes of a result, or of a stream item, that a worker posts: 20 MiB.
    pub result_body: usize,
    /// Bytes of one item in an answer of `/stream`; a larger item is split: 1 MiB.
    pub stream_item: usize,
    /// Bytes of items in one answer of `/stream`, unless a single item is larger: 8 MiB.
    pub stream_answer: usize,
    /// Stream items kept of one job; the oldest are dropped beyond that: 10,000.
    pub stream_items_kept: usize,
    /// Bytes of stream items kept of one job: 64 MiB.
    pub stream_bytes_kept: usize,
    /// Jobs that may wait in the queue: 1,000,000.
    pub queued_jobs: usize,
    /// Bytes of inputs and outputs held in all: 4 GiB. Jobs that have ended make room, oldest first.
    pub held_bytes: u64,
    /// How often a job goes back to the queue because its worker was lost, before it has failed: 3.
    pub lost_retries: u32,
    /// Log lines kept of one job: 1,000.
    pub log_lines: usize,
    /// Bytes of log lines kept of one job: 256 KiB.
    pub log_bytes: usize,
    /// Workers known at the same time: 10,000.
    pub workers: usize,
    /// Webhook requests in flight: 32. 0 counts as 1.
    pub webhooks_in_flight: usize,
    /// Bytes of inputs and results that wait for their webhooks, those in flight among them: 256 MiB. The webhook of a
    /// job that ends beyond that is not called: the job's log says so, and a warning names the first such job. A result
    /// that is larger waits alone.
    pub webhook_bytes: u64,
    /// Bytes of events that are written for one reader of `/local/events` before it has read them, unless a single event
    /// is larger: 4 MiB. A reader that is slower than that is told to load everything again.
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

/// How long things take. [`Default`] is what holds in production; tests choose shorter times. [`Duration::MAX`] is as good
/// as never.
///
/// ```
/// use std::time::Duration;
///
/// use runpod_local::{Endpoint, Timing};
///
/// let mut timing = Timing::default();
/// assert_eq!(timing.execution_timeout, Duration::from_secs(600));
///
/// // Half a second without a sign of life, and a worker's jobs go back to the queue.
/// timing.lost_after = Duration::from_millis(500);
/// timing.ping_interval = Duration::from_millis(100);
/// let endpoint = Endpoint::new().timing(timing);
/// # drop(endpoint);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// How long a worker's poll for jobs is held open when there is none: 10 s.
    pub take_hold: Duration,
    /// How long a worker's poll for jobs to stop is held open: 10 s.
    pub stop_hold: Duration,
    /// How long `/stream` is held open when there is no new item: 5 s.
    pub stream_hold: Duration,
    /// How long `/runsync` and `/status-sync` wait unless the client says otherwise: 90 s.
    pub sync_wait: Duration,
    /// A worker that was silent for longer than this is lost: 10 s. It is silent while it neither polls nor posts nor
    /// pings. A worker that never pings and never asks which jobs to stop gives no sign of life while all its slots are
    /// busy, and is lost after six times as long.
    pub lost_after: Duration,
    /// What workers are told as the time between two pings: 2 s.
    pub ping_interval: Duration,
    /// A job's limit of running time unless its policy says otherwise: 10 min.
    pub execution_timeout: Duration,
    /// A job's limit from submission to end unless its policy says otherwise: 24 h. A job that waits in the queue then is
    /// `TIMED_OUT`; one that runs is removed.
    pub ttl: Duration,
    /// How long a job of `/run` can be asked about after its end: 30 min.
    pub run_retention: Duration,
    /// How long a job of `/runsync` can be asked about after its end: 1 min.
    pub runsync_retention: Duration,
    /// Between two attempts of a webhook: 10 s.
    pub webhook_pause: Duration,
    /// How long one attempt of a webhook may take: 30 s.
    pub webhook_timeout: Duration,
    /// How long answers that are under way may take when the endpoint shuts down: 2 s.
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
