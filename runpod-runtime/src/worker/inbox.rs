//! What the threads of handlers tell the control thread.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::execute::Finished;
use super::stopping::{Stopping, Unhealthy};
use crate::handler::WorkerLink;
use crate::platform::Reporter;

#[derive(Debug)]
pub(super) enum Event {
    /// A job's handler has ended.
    Finished(Finished),
    /// A job has something to send while it runs.
    Emits(Arc<str>),
}

/// Events in the order in which they came. The control thread is woken once for all that came since it looked last.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    events: Mutex<Vec<Event>>,
    arrived: Notify,
}

impl Inbox {
    pub(super) fn push(&self, event: Event) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = events.is_empty();
        events.push(event);
        drop(events);
        if is_first {
            self.arrived.notify_one();
        }
    }

    /// All events since the last call, at least one. For one reader.
    pub(super) async fn next(&self) -> Vec<Event> {
        loop {
            let events = {
                let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *events)
            };
            if !events.is_empty() {
                return events;
            }
            self.arrived.notified().await;
        }
    }
}

/// What a job's context holds of its worker.
pub(super) struct Link {
    pub(super) inbox: Arc<Inbox>,
    pub(super) stopping: Stopping,
    pub(super) reporter: Reporter,
}

impl WorkerLink for Link {
    fn unhealthy(&self, reason: String) {
        self.stopping.declare_unhealthy(Unhealthy {
            check: "handler",
            reason: self.reporter.redacted(&reason).into_owned(),
        });
    }

    fn emits(&self, job_id: &Arc<str>) {
        self.inbox.push(Event::Emits(Arc::clone(job_id)));
    }
}
