//! The jobs that this worker has: which run, which wait for their result to be accepted, and how to cancel one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::handler::{CancelReason, Slot};

/// Shared by the loop, the heartbeat and the stop channel.
#[derive(Debug)]
pub(super) struct JobBook {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    jobs: Mutex<Jobs>,
    /// Told of every change.
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Jobs {
    by_id: HashMap<String, Entry>,
    taken: u64,
    /// Handlers' code that runs now; not the same as `by_id`, which also has jobs whose result is on its way.
    running: usize,
}

#[derive(Debug)]
struct Entry {
    /// Its place in the order in which jobs were taken.
    number: u64,
    ticket: Ticket,
    running: bool,
    /// How large its result is, once there is one.
    result_bytes: usize,
}

/// How a job is told to stop. Clones speak of the same job.
#[derive(Debug, Clone, Default)]
pub(super) struct Ticket {
    pub(super) cancel: CancellationToken,
    pub(super) reason: Arc<OnceLock<CancelReason>>,
}

impl Ticket {
    fn cancel(&self, reason: CancelReason) {
        let _ = self.reason.set(reason);
        self.cancel.cancel();
    }

    /// Waits until the job is cancelled, and says why.
    pub(super) async fn cancelled(&self) -> CancelReason {
        self.cancel.cancelled().await;
        self.reason.get().copied().unwrap_or(CancelReason::Stopped)
    }

    /// Waits until the platform no longer wants the job; for ever otherwise.
    pub(super) async fn stopped(&self) {
        if self.cancelled().await != CancelReason::Stopped {
            std::future::pending::<()>().await;
        }
    }
}

impl JobBook {
    pub(super) fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                jobs: Mutex::default(),
                changes: watch::Sender::new(()),
            }),
        }
    }

    /// Enters a job, and takes a slot for it. Nothing when a job of this id is here already.
    pub(super) fn admit(&self, id: &str) -> Option<(Ticket, Slot)> {
        let mut jobs = self.jobs();
        if jobs.by_id.contains_key(id) {
            return None;
        }
        let ticket = Ticket::default();
        let entry = Entry {
            number: jobs.taken,
            ticket: ticket.clone(),
            running: true,
            result_bytes: 0,
        };
        jobs.taken += 1;
        jobs.running += 1;
        jobs.by_id.insert(id.to_owned(), entry);
        drop(jobs);
        self.shared.changes.send_replace(());
        Some((ticket, Arc::new(SlotGuard(Arc::clone(&self.shared)))))
    }

    /// The job's handler has ended; its result, of so many bytes, is on its way.
    pub(super) fn delivering(&self, id: &str, result_bytes: usize) {
        if let Some(entry) = self.jobs().by_id.get_mut(id) {
            entry.running = false;
            entry.result_bytes = result_bytes;
        }
        self.shared.changes.send_replace(());
    }

    /// Nothing is left to do for this job.
    pub(super) fn remove(&self, id: &str) {
        self.jobs().by_id.remove(id);
        self.shared.changes.send_replace(());
    }

    /// Cancels a job. False when there is none of this id that is not cancelled yet.
    pub(super) fn stop(&self, id: &str) -> bool {
        let ticket = self.jobs().by_id.get(id).map(|entry| entry.ticket.clone());
        match ticket.filter(|ticket| !ticket.cancel.is_cancelled()) {
            Some(ticket) => {
                ticket.cancel(CancelReason::Stopped);
                true
            }
            None => false,
        }
    }

    /// Cancels every job that runs. How many.
    pub(super) fn cancel_all(&self, reason: CancelReason) -> usize {
        let tickets: Vec<_> = self
            .jobs()
            .by_id
            .values()
            .filter(|entry| entry.running)
            .map(|entry| entry.ticket.clone())
            .collect();
        for ticket in &tickets {
            ticket.cancel(reason);
        }
        tickets.len()
    }

    /// The ids of all jobs whose result was not accepted yet, in the order in which they were taken.
    pub(super) fn ids(&self) -> Vec<String> {
        let jobs = self.jobs();
        let mut ids: Vec<_> = jobs
            .by_id
            .iter()
            .map(|(id, entry)| (entry.number, id.clone()))
            .collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs().by_id.is_empty()
    }

    /// How many slots are in use.
    pub(super) fn running(&self) -> usize {
        self.jobs().running
    }

    /// How many jobs wait for their result to be accepted, and the bytes of all these results.
    pub(super) fn undelivered(&self) -> (usize, usize) {
        let jobs = self.jobs();
        let waiting = jobs.by_id.values().filter(|entry| !entry.running);
        waiting.fold((0, 0), |(results, bytes), entry| {
            (results + 1, bytes.saturating_add(entry.result_bytes))
        })
    }

    /// To be told of changes. None is missed between `borrow_and_update` and `changed`.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.shared.changes.subscribe()
    }

    /// Waits until no job is left.
    pub(super) async fn empty(&self) {
        let mut changes = self.changes();
        while !self.is_empty() {
            // The sender lives as long as `self`.
            let _ = changes.changed().await;
        }
    }

    /// No code of a user's runs under the lock, so a poisoned one still holds a sound book.
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.shared
            .jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the slot back when the last clone of it is gone.
struct SlotGuard(Arc<Shared>);

impl Drop for SlotGuard {
    fn drop(&mut self) {
        self.0
            .jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .running -= 1;
        self.0.changes.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_stays_in_the_book_until_its_result_is_accepted_but_not_in_its_slot() {
        let book = JobBook::new();
        let (_, slot) = book.admit("b").unwrap();
        let (_, other) = book.admit("a").unwrap();
        assert_eq!((book.running(), book.undelivered()), (2, (0, 0)));
        book.delivering("b", 7);
        drop(slot);
        assert_eq!((book.running(), book.undelivered()), (1, (1, 7)));
        assert_eq!(book.ids(), ["b", "a"]);
        book.remove("b");
        assert_eq!(book.ids(), ["a"]);
        drop(other);
        assert_eq!(book.running(), 0);
    }

    #[test]
    fn the_same_job_is_not_admitted_twice() {
        let book = JobBook::new();
        let first = book.admit("a");
        assert!(first.is_some() && book.admit("a").is_none());
        book.remove("a");
        assert!(book.admit("a").is_some());
    }

    #[test]
    fn a_slot_is_free_only_when_every_holder_let_go() {
        let book = JobBook::new();
        let (_, slot) = book.admit("a").unwrap();
        let thread = Arc::clone(&slot);
        drop(slot);
        book.remove("a");
        assert_eq!(book.running(), 1);
        drop(thread);
        assert_eq!(book.running(), 0);
    }

    #[tokio::test]
    async fn stopping_names_one_job_and_the_deadline_takes_those_that_run() {
        let book = JobBook::new();
        let (first, _slot) = book.admit("a").unwrap();
        let (second, _slot2) = book.admit("b").unwrap();
        let (third, _slot3) = book.admit("c").unwrap();
        assert!(book.stop("a") && !book.stop("nobody"));
        assert!(!book.stop("a"), "it is stopped already");
        assert_eq!(first.cancelled().await, CancelReason::Stopped);
        assert!(!second.cancel.is_cancelled());
        book.delivering("b", 0);
        assert_eq!(book.cancel_all(CancelReason::Shutdown), 2);
        assert_eq!(third.cancelled().await, CancelReason::Shutdown);
        assert!(!second.cancel.is_cancelled(), "its result is on its way");
    }
}
