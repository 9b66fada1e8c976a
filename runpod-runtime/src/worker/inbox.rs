//! Events that the threads of handlers send to the control thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::consecutive_failures::Verdict;
use super::jobs::Job;
use super::shutdown::Shutdown;
use crate::handler::{Slot, WorkerLink};
use crate::platform::{Reporter, ResultBody, Unhealthy};

#[derive(Debug)]
pub(super) enum Event {
    /// A job's handler has finished.
    Finished(Finished),
    /// The job with this id has sent its first item or progress update.
    Emits(Arc<str>),
}

/// A job whose handler has finished.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) job: Arc<Job>,
    pub(super) body: ResultBody,
    pub(super) verdict: Verdict,
    /// Dropping this frees the slot.
    pub(super) slot: Option<Slot>,
}

#[derive(Debug, Default)]
struct Events {
    waiting: Vec<Event>,
    /// Whether the worker has stopped. Events are then dropped.
    closed: bool,
}

/// A queue of events. The control thread is woken once for all events that arrive before it takes them.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    events: Mutex<Events>,
    arrived: Notify,
}

impl Inbox {
    pub(super) fn push(&self, event: Event) {
        let mut events = self.events();
        if events.closed {
            return;
        }
        let is_first = events.waiting.is_empty();
        events.waiting.push(event);
        drop(events);
        if is_first {
            self.arrived.notify_one();
        }
    }

    /// Takes all events since the last call.
    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.events().waiting)
    }

    /// Drops all events from now on. Events hold jobs, which would otherwise live as long as the last handler.
    pub(super) fn close(&self) {
        self.events().closed = true;
        drop(self.take());
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for at least one event and takes all events since the last call. Only one task may call this.
    pub(super) async fn next(&self) -> Vec<Event> {
        loop {
            let events = self.take();
            if !events.is_empty() {
                return events;
            }
            self.arrived.notified().await;
        }
    }
}

/// The part of the worker that a job's context uses.
pub(super) struct Link {
    pub(super) inbox: Arc<Inbox>,
    pub(super) shutdown: Shutdown,
    pub(super) reporter: Arc<Reporter>,
}

impl WorkerLink for Link {
    fn unhealthy(&self, reason: String) {
        self.shutdown.declare_unhealthy(Unhealthy {
            check: "handler".into(),
            reason,
        });
    }

    fn emits(&self, job_id: &Arc<str>) {
        self.inbox.push(Event::Emits(Arc::clone(job_id)));
    }

    fn measures(&self) -> bool {
        self.reporter.debugger.is_some()
    }
}
