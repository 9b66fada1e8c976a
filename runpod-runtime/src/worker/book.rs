//! The jobs that this worker has: which wait for a slot, which run, which wait for their result to be accepted, and how to
//! cancel one.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::handler::CancelReason;

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

#[derive(Debug)]
struct Jobs {
    by_id: HashMap<String, Entry>,
    taken: u64,
    /// Handlers' code that runs now; not the same as `by_id`, which also has jobs whose result is on its way.
    running: usize,
    /// How many may run at once.
    limit: usize,
    /// Jobs that were handed over although there was no slot for them. The first gets the next free one.
    waiting: VecDeque<oneshot::Sender<JobSlot>>,
}

#[derive(Debug)]
struct Entry {
    /// Its place in the order in which jobs were taken.
    number: u64,
    ticket: Ticket,
    /// Its result, of so many bytes, is on its way.
    delivering: Option<usize>,
}

/// A job's place in the book, until this is dropped: whatever becomes of the task that follows the job, a panic too, the
/// heartbeat names no job that nobody works on, and the worker can end.
#[derive(Debug)]
#[must_use]
pub(super) struct Place {
    shared: Arc<Shared>,
    id: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.jobs().by_id.remove(&self.id);
        self.shared.changes.send_replace(());
    }
}

/// How a job is told to stop. Clones speak of the same job.
#[derive(Debug, Clone, Default)]
pub(super) struct Ticket {
    pub(super) cancel: CancellationToken,
    pub(super) reason: Arc<OnceLock<CancelReason>>,
    answered: Arc<AtomicBool>,
}

impl Ticket {
    /// The platform has a result of the job, or wants none.
    pub(super) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    pub(super) fn answered(&self) {
        self.answered.store(true, Ordering::Release);
    }

    pub(super) fn cancel(&self, reason: CancelReason) {
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
                jobs: Mutex::new(Jobs {
                    by_id: HashMap::new(),
                    taken: 0,
                    running: 0,
                    limit: usize::MAX,
                    waiting: VecDeque::new(),
                }),
                changes: watch::Sender::new(()),
            }),
        }
    }

    /// Enters a job. Nothing when a job of this id is here already.
    pub(super) fn admit(&self, id: &str) -> Option<(Ticket, Place)> {
        let mut jobs = self.shared.jobs();
        if jobs.by_id.contains_key(id) {
            return None;
        }
        let ticket = Ticket::default();
        let entry = Entry {
            number: jobs.taken,
            ticket: ticket.clone(),
            delivering: None,
        };
        jobs.taken += 1;
        jobs.by_id.insert(id.to_owned(), entry);
        drop(jobs);
        self.shared.changes.send_replace(());
        let place = Place {
            shared: Arc::clone(&self.shared),
            id: id.to_owned(),
        };
        Some((ticket, place))
    }

    /// A slot for a job: at once if one is free, else when those that came before have had theirs.
    pub(super) fn slot(&self) -> oneshot::Receiver<JobSlot> {
        let (sender, slot) = oneshot::channel();
        self.shared.jobs().waiting.push_back(sender);
        self.shared.fill();
        slot
    }

    /// How many jobs may run at once from now on.
    pub(super) fn set_limit(&self, limit: usize) {
        self.shared.jobs().limit = limit;
        self.shared.fill();
    }

    /// The job's handler has ended; its result, of so many bytes, is on its way.
    pub(super) fn delivering(&self, id: &str, result_bytes: usize) {
        if let Some(entry) = self.shared.jobs().by_id.get_mut(id) {
            entry.delivering = Some(result_bytes);
        }
        self.shared.changes.send_replace(());
    }

    /// Cancels a job. False when there is none of this id that is not cancelled yet.
    pub(super) fn stop(&self, id: &str) -> bool {
        let ticket = self
            .shared
            .jobs()
            .by_id
            .get(id)
            .map(|entry| entry.ticket.clone());
        match ticket.filter(|ticket| !ticket.cancel.is_cancelled()) {
            Some(ticket) => {
                ticket.cancel(CancelReason::Stopped);
                true
            }
            None => false,
        }
    }

    /// Cancels every job that runs or waits for a slot. How many.
    pub(super) fn cancel_all(&self, reason: CancelReason) -> usize {
        let tickets: Vec<_> = self
            .shared
            .jobs()
            .by_id
            .values()
            .filter(|entry| entry.delivering.is_none())
            .map(|entry| entry.ticket.clone())
            .collect();
        for ticket in &tickets {
            ticket.cancel(reason);
        }
        tickets.len()
    }

    /// The ids of all jobs whose result was not accepted yet, in the order in which they were taken.
    pub(super) fn ids(&self) -> Vec<String> {
        let jobs = self.shared.jobs();
        let mut ids: Vec<_> = jobs
            .by_id
            .iter()
            .map(|(id, entry)| (entry.number, id.clone()))
            .collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shared.jobs().by_id.is_empty()
    }

    /// How many slots are in use.
    pub(super) fn running(&self) -> usize {
        self.shared.jobs().running
    }

    /// How many jobs wait for a slot. Those that were stopped meanwhile count until it would be their turn.
    pub(super) fn waiting(&self) -> usize {
        self.shared.jobs().waiting.len()
    }

    /// How many jobs wait for their result to be accepted, and the bytes of all these results.
    pub(super) fn undelivered(&self) -> (usize, usize) {
        let jobs = self.shared.jobs();
        let delivering = jobs.by_id.values().filter_map(|entry| entry.delivering);
        delivering.fold((0, 0), |(results, bytes): (usize, usize), more| {
            (results + 1, bytes.saturating_add(more))
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
}

impl Shared {
    /// Gives free slots to those who wait for one.
    fn fill(self: &Arc<Self>) {
        let mut unused = None;
        loop {
            let mut jobs = self.jobs();
            if unused.is_none() && jobs.running >= jobs.limit {
                return;
            }
            let Some(waiting) = jobs.waiting.pop_front() else {
                break;
            };
            if unused.is_none() {
                jobs.running += 1;
            }
            drop(jobs);
            let slot = unused.take().unwrap_or_else(|| JobSlot(Arc::clone(self)));
            // Whoever does not wait any more was stopped.
            unused = waiting.send(slot).err();
        }
        // Outside of the lock, since it comes back here.
        drop(unused);
    }

    /// No code of a user's runs under the lock, so a poisoned one still holds a sound book.
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A slot, which is free for the next job when this is dropped.
#[derive(Debug)]
pub(super) struct JobSlot(Arc<Shared>);

impl Drop for JobSlot {
    fn drop(&mut self) {
        self.0.jobs().running -= 1;
        self.0.fill();
        self.0.changes.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(book: &JobBook, id: &str) -> (Ticket, Place, Arc<JobSlot>) {
        let (ticket, place) = book.admit(id).unwrap();
        let slot = book.slot().try_recv().expect("a slot is free");
        (ticket, place, Arc::new(slot))
    }

    #[test]
    fn a_job_stays_in_the_book_until_its_result_is_accepted_but_not_in_its_slot() {
        let book = JobBook::new();
        let (_, place, slot) = admit(&book, "b");
        let (_, _place, other) = admit(&book, "a");
        assert_eq!((book.running(), book.undelivered()), (2, (0, 0)));
        book.delivering("b", 7);
        drop(slot);
        assert_eq!((book.running(), book.undelivered()), (1, (1, 7)));
        assert_eq!(book.ids(), ["b", "a"]);
        drop(place);
        assert_eq!(book.ids(), ["a"]);
        drop(other);
        assert_eq!(book.running(), 0);
    }

    #[test]
    fn the_same_job_is_not_admitted_twice() {
        let book = JobBook::new();
        let first = book.admit("a");
        assert!(first.is_some() && book.admit("a").is_none());
        drop(first);
        assert!(book.admit("a").is_some());
    }

    #[test]
    fn a_slot_is_free_only_when_every_holder_let_go() {
        let book = JobBook::new();
        let (_, place, slot) = admit(&book, "a");
        let thread = Arc::clone(&slot);
        drop(slot);
        drop(place);
        assert_eq!(book.running(), 1);
        drop(thread);
        assert_eq!(book.running(), 0);
    }

    #[test]
    fn slots_go_to_those_who_wait_in_their_order_and_not_to_those_who_were_stopped() {
        let book = JobBook::new();
        book.set_limit(1);
        let (_, _first, slot) = admit(&book, "first");
        let mut places = Vec::new();
        let mut wait = |id: &str| {
            places.push(book.admit(id).unwrap());
            book.slot()
        };
        let (mut second, stopped, mut third) = (wait("second"), wait("stopped"), wait("third"));
        assert_eq!((book.running(), book.waiting()), (1, 3));
        assert!(second.try_recv().is_err());
        drop(stopped);
        drop(slot);
        let slot = second.try_recv().expect("it is the next one");
        assert!(third.try_recv().is_err());
        assert_eq!((book.running(), book.waiting()), (1, 2));
        drop(slot);
        let slot = third.try_recv().expect("nobody else waits");
        assert_eq!((book.running(), book.waiting()), (1, 0));
        drop(slot);
        assert_eq!(book.running(), 0);
    }

    #[test]
    fn a_higher_limit_gives_slots_at_once() {
        let book = JobBook::new();
        book.set_limit(0);
        let (mut a, mut b) = (book.slot(), book.slot());
        assert!(a.try_recv().is_err());
        book.set_limit(2);
        assert!(a.try_recv().is_ok() && b.try_recv().is_ok());
    }

    #[tokio::test]
    async fn stopping_names_one_job_and_the_deadline_takes_those_that_run() {
        let book = JobBook::new();
        let (first, _place, _slot) = admit(&book, "a");
        let (second, _place2, _slot2) = admit(&book, "b");
        let (third, _place3) = book.admit("c").unwrap();
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
