//! Events that workers in this process report about themselves, shown on the page.

use std::sync::Arc;

use super::events::PageEvent;
use super::handle::Queue;
use super::log_lines::LogLine;
use super::reported_events::ReportedEvent;
use super::state::QueueState;
use crate::text::excerpt;

/// The number of events that are kept.
const MOST: usize = 200;
/// The number of bytes of all events that are kept.
const MOST_BYTES: usize = 256 * 1024;
/// The number of characters of a text that are kept.
const TEXT: usize = 1_000;
/// The number of characters of an id or a name that are kept.
const NAME: usize = 100;

/// Something that a worker reports about itself. [`WorkerEvents::push`] adds it to the page.
///
/// ```
/// use runpod_local::WorkerEvent;
///
/// let event = WorkerEvent { name: "draining", level: "INFO", job_id: None, text: "finishing 2 jobs" };
/// # drop(event);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct WorkerEvent<'a> {
    /// The kind of the event, such as `draining`. Programs that read the events compare it.
    pub name: &'a str,
    /// One of `TRACE`, `DEBUG`, `INFO`, `WARN` and `ERROR`. Any other level counts as `INFO`.
    pub level: &'a str,
    /// The job to which the event belongs.
    pub job_id: Option<&'a str>,
    /// What has happened, for people. Its first 1,000 characters are kept.
    pub text: &'a str,
}

/// Adds a worker's events to the page and to `/local/state`, for workers in this process.
///
/// The endpoint keeps the newest 200 events of all workers, also after a worker has left. Workers in other processes
/// report only what the worker API has requests for, such as pings.
///
/// ```
/// use runpod_local::{Endpoint, WorkerEvent};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), runpod_local::BindError> {
/// let endpoint = Endpoint::new().bind("127.0.0.1", 0).await?;
/// let events = endpoint.worker_events("worker-1");
/// events.push(WorkerEvent {
///     name: "refresh",
///     level: "INFO",
///     job_id: None,
///     text: "taking no more jobs: this worker will be refreshed",
/// });
/// # endpoint.shutdown().await;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct WorkerEvents {
    queue: Queue,
    worker: Arc<str>,
}

impl WorkerEvents {
    pub(crate) fn of(queue: Queue, worker: &str) -> Self {
        Self {
            queue,
            worker: excerpt(worker, NAME).into(),
        }
    }

    /// Adds an event. It gets the current time.
    pub fn push(&self, event: WorkerEvent<'_>) {
        let line = LogLine::new(event.level, &excerpt(event.text, TEXT));
        self.queue.with_state(|state, _| {
            state.worker_event(|number| ReportedEvent {
                number,
                worker: Arc::clone(&self.worker),
                event: excerpt(event.name, NAME).into(),
                job: event.job_id.map(|id| excerpt(id, NAME).into()),
                line,
            });
        });
    }
}

impl QueueState {
    fn worker_event(&mut self, event: impl FnOnce(u64) -> ReportedEvent) {
        let number = self.worker_events.end();
        self.worker_events.push(event(number), MOST, MOST_BYTES);
        self.publisher.publish(|| PageEvent::Reported(number));
    }
}

impl Queue {
    /// Returns the newest events of workers, the oldest of them first.
    pub(crate) fn worker_events(&self) -> Vec<ReportedEvent> {
        self.with_state(|state, _| state.worker_events.iter().cloned().collect())
    }

    /// Returns the worker's event with this number, if it is kept.
    pub(crate) fn worker_event(&self, number: u64) -> Option<ReportedEvent> {
        self.with_state(|state, _| state.worker_events.get(number).cloned())
    }
}
