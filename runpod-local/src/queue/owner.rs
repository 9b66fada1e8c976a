//! For who starts the workers: when one has come, and that one has ended.

use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::book::Book;
use super::voice::Said;
use super::worker::Presence;
use super::{Event, Queue};

impl Queue {
    /// Resolves when the worker has asked for a job.
    pub(crate) async fn attached(&self, worker: &str) {
        let mut events = self.subscribe();
        while !self.book(|book, _| book.is_attached(worker)) {
            loop {
                match events.recv().await {
                    Ok(Event::Worker(changed)) if *changed == *worker => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    // The endpoint is gone, and nobody comes any more.
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        }
    }

    pub(crate) fn worker_leaves(&self, worker: &str) {
        self.book(|book, _| book.leaving_workers.insert(worker.into()));
        // Its poll may be held just now, and is answered so.
        self.0.takers.notify_waiters();
    }

    pub(crate) fn worker_ended(&self, worker: &str) {
        self.book(|book, now| book.worker_ended(worker, now));
    }

    /// The endpoint's handlers are others from now on.
    pub(crate) fn described(&self) {
        self.book(|book, _| book.voice.tell(|| Event::Described));
    }
}

impl Book {
    fn is_attached(&self, worker: &str) -> bool {
        self.workers
            .get(worker)
            .is_some_and(|worker| worker.presence == Presence::Polling)
    }

    pub(super) fn worker_ended(&mut self, id: &str, now: Instant) {
        let id: Arc<str> = id.into();
        // A poll of its may be held still, and would take the very jobs that are given back here.
        self.ended_workers.insert(Arc::clone(&id));
        self.leaving_workers.remove(&id);
        self.preparation.ended(&id);
        let Some(worker) = self.workers.remove(&id) else {
            return;
        };
        if !worker.is_ghost() {
            self.voice.tell(|| Event::Worker(Arc::clone(&id)));
            self.voice.say(|| Said::WorkerLeft(Arc::clone(&id)));
        }
        // Each goes to the front, so that the last comes first.
        for job in worker.jobs_by_turn(|_| true).into_iter().rev() {
            self.give_back(job, &id, now);
        }
    }
}
