//! What the queue does not do, and why.

use super::id::JobId;
use super::views::Status;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueueError {
    #[error(
        "the queue is full: {0} jobs wait in it; attach a worker, or empty it with POST /purge-queue"
    )]
    QueueFull(usize),
    #[error(
        "the endpoint holds {0} bytes of inputs and outputs, which is its limit; wait until jobs have ended, or empty \
         the queue with POST /purge-queue"
    )]
    HeldFull(u64),
    #[error("{0} workers are attached, which is the limit")]
    TooManyWorkers(usize),
    #[error("worker {0} has ended; a worker needs an id of its own")]
    WorkerEnded(String),
    #[error("there is no job {0}; it never was, or its result has expired")]
    UnknownJob(String),
    #[error("job {job} was never taken by worker {worker}; only who takes a job may post to it")]
    NeverTaken { job: JobId, worker: String },
    #[error("job {job} is {}; only jobs that are FAILED or TIMED_OUT can be retried", status.as_str())]
    NotRetriable { job: JobId, status: Status },
}
