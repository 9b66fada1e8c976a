//! Events from the threads of handlers to the control thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::consecutive_failures::Verdict;
use super::jobs::Job;
use super::shutdown::{Shutdown, Unhealthy};
use crate::handler::{Slot, WorkerLink};
use crate::platform::{Reporter, ResultBody};

#[derive(Debug)]
pub(super) enum Event {
    /// A job's handler has ended.
    Finished(Finished),
    /// The job with this id has sent its first item or progress update.
    Emits(Arc<str>),
}

/// A job whose handler has ended.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) job: Arc<Job>,
    pub(super) body: ResultBody,
    pub(super) verdict: Verdict,
    /// The slot is free when this is dropped.
    pub(super) slot: Option<Slot>,
}

#[derive(Debug, Default)]
struct Events {
    waiting: Vec<Event>,
    /// The worker has ended, and events are dropped.
    closed: bool,
}

/// Events in their order. The control thread is woken once for all events since it took events last.
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

    /// All events since the last call.
    pub(super) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.events().waiting)
    }

    /// Drops all events from now on. They hold jobs, which would otherwise live as long as the last handler.
    pub(super) fn close(&self) {
        self.events().closed = true;
        drop(self.take());
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All events since the last call, at least one. For one reader.
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
            check: "handler",
            reason: self.reporter.redacted(&reason).into_owned(),
        });
    }

    fn emits(&self, job_id: &Arc<str>) {
        self.inbox.push(Event::Emits(Arc::clone(job_id)));
    }
}
