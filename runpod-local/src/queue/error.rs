//! The errors of the queue.

use super::id::JobId;
use super::views::Status;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueueError {
    #[error(
        "the queue is full: it has {0} jobs; attach a worker, or empty the queue with POST /purge-queue"
    )]
    QueueFull(usize),
    #[error(
        "the endpoint stores {0} bytes of inputs and outputs, which is its limit; wait until jobs have finished, or empty \
         the queue with POST /purge-queue"
    )]
    HeldFull(u64),
    #[error("{0} workers are attached, which is the limit")]
    TooManyWorkers(usize),
    #[error("worker {0} has already exited; each worker needs its own id")]
    WorkerEnded(String),
    #[error("there is no job {0}; it never existed, or its result has expired")]
    UnknownJob(String),
    #[error("worker {worker} never took job {job}; only a worker that took a job may post to it")]
    NeverTaken { job: JobId, worker: String },
    #[error("job {job} is {}; only FAILED and TIMED_OUT jobs can be retried", status.as_str())]
    NotRetriable { job: JobId, status: Status },
}
