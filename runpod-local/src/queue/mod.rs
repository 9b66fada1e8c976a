//! The queue: what is known of jobs and workers, and what follows from what happens to them. No HTTP.
//!
//! The rules are in [`book::Book`], which never waits and is told what time it is. Here is what goes around it: one
//! lock, a clock, and those who wait.

mod alarm;
mod attendance;
mod book;
mod clock_time;
mod describe;
mod ending;
mod error;
mod expiry;
mod held;
mod id;
mod job;
mod json;
mod lines;
mod logs;
mod monotonic;
mod owner;
mod post;
mod readiness;
mod stream;
mod tally;
#[cfg(test)]
mod tests;
mod view;
mod voice;
mod waiting;
mod webhooks;
mod worker;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, broadcast, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::book::Book;
use self::voice::Said;
use self::webhooks::Webhooks;

pub(crate) use attendance::Ping;
pub(crate) use book::Caller;
use describe::Sketch;
pub(crate) use describe::{Health, Report, ms};
pub(crate) use ending::{Accepted, Posted};
pub(crate) use error::QueueError;
pub(crate) use id::JobId;
pub(crate) use job::{Policy, Submission};
pub(crate) use json::Json;
pub use logs::JobLogs;
pub(crate) use readiness::ReadyState;
pub(crate) use view::{
    Detail, Event, Latency, LogLine, Stats, Status, Summary, WorkerState, WorkerSummary,
};
pub(crate) use waiting::Streamed;
pub(crate) use webhooks::Ended;

use crate::settings::{Limits, Timing};

/// So many events a listener may be behind; then it has to look at everything again.
const EVENTS: usize = 4_096;

/// So many jobs are purged at a time, so that nobody waits long for the book.
const PURGED_AT_ONCE: usize = 2_048;

/// A handle; clones are the same queue.
#[derive(Debug, Clone)]
pub(crate) struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    book: Mutex<Book>,
    /// Held while lines are logged, so that they come in order, and nobody waits for the log with the book in hand.
    narrating: Mutex<()>,
    takers: Arc<Notify>,
    events: broadcast::Sender<Event>,
    timing: Timing,
    closing: CancellationToken,
}

impl Queue {
    /// [`Queue::keep_time`] has to run beside it.
    pub(crate) fn new(limits: Limits, timing: Timing) -> Self {
        let events = broadcast::Sender::new(EVENTS);
        let book = Book::new(limits, timing.clone(), events.clone(), Instant::now());
        Self(Arc::new(Shared {
            takers: Arc::clone(&book.takers),
            book: Mutex::new(book),
            narrating: Mutex::new(()),
            events,
            timing,
            closing: CancellationToken::new(),
        }))
    }

    /// The ends of jobs with a webhook, from now on.
    pub(crate) fn ended(&self) -> mpsc::UnboundedReceiver<Ended> {
        self.book(|book, _| {
            let (webhooks, ended) = Webhooks::new(book.limits.webhook_bytes);
            book.webhooks = Some(webhooks);
            ended
        })
    }

    /// Does what time brings, until the queue is closed.
    pub(crate) async fn keep_time(self) {
        let sooner = self.book(|book, _| Arc::clone(&book.alarm.sooner));
        loop {
            while self.book(Book::tick) {
                tokio::task::yield_now().await;
            }
            let at = self.book(|book, _| book.alarm.at);
            let due = async {
                match at {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = sooner.notified() => {}
                () = self.0.closing.cancelled() => return,
            }
        }
    }

    pub(crate) fn submit(&self, submission: Submission) -> Result<(), QueueError> {
        self.book(|book, now| book.submit(submission, now))
    }

    pub(crate) fn report(&self, id: JobId) -> Result<Report, QueueError> {
        self.book(|book, _| book.report(id))
    }

    /// Cancels the job, unless it has ended; tells where it is then.
    pub(crate) fn cancel(&self, id: JobId) -> Result<Report, QueueError> {
        self.book(|book, now| {
            book.cancel(id, now);
            book.report(id)
        })
    }

    pub(crate) fn retry(&self, id: JobId) -> Result<(), QueueError> {
        self.book(|book, now| book.retry(id, now))
    }

    /// Cancels all jobs that are queued now. Returns how many.
    pub(crate) async fn purge(&self) -> usize {
        let newest = self.book(|book, _| book.next_place);
        let mut removed = 0;
        loop {
            let some = self.book(|book, now| book.purge(newest, PURGED_AT_ONCE, now));
            removed += some;
            if some < PURGED_AT_ONCE {
                self.book(|book, _| book.voice.say(|| Said::Purged(removed)));
                return removed;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn health(&self) -> Health {
        self.book(|book, _| book.health())
    }

    pub(crate) fn ping(&self, caller: Caller<'_>, ping: &Ping<'_>) -> Result<(), QueueError> {
        self.book(|book, now| book.ping(caller, ping, now))
    }

    pub(crate) fn done(
        &self,
        worker: &str,
        id: JobId,
        posted: Posted,
    ) -> Result<Accepted, QueueError> {
        self.book(|book, now| book.done(worker, id, posted, now))
    }

    pub(crate) fn post_items(
        &self,
        worker: &str,
        id: JobId,
        items: Vec<Json>,
    ) -> Result<Accepted, QueueError> {
        self.book(|book, now| book.stream(worker, id, items, now))
    }

    pub(crate) fn post_progress(
        &self,
        worker: &str,
        id: JobId,
        progress: Json,
    ) -> Result<Accepted, QueueError> {
        self.book(|book, now| book.progress(worker, id, progress, now))
    }

    pub(crate) fn log(&self, id: JobId, line: LogLine) {
        self.book(|book, _| book.log(id, line));
    }

    /// What happens from now on. Nobody listening costs nothing.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// The jobs that were submitted last, newest first; no more than 1,000.
    pub(crate) fn recent(&self, most: usize) -> Vec<Summary> {
        self.book(|book, _| book.recent(most))
    }

    pub(crate) fn summary(&self, id: JobId) -> Option<Summary> {
        self.book(|book, _| book.summary(id))
    }

    /// The stream item with this number, if it is kept.
    pub(crate) fn item(&self, id: JobId, index: u64) -> Option<Json> {
        self.book(|book, _| book.item(id, index))
    }

    /// The log line with this number, if it is kept.
    pub(crate) fn line(&self, id: JobId, index: u64) -> Option<LogLine> {
        self.book(|book, _| book.line(id, index))
    }

    pub(crate) fn detail(&self, id: JobId) -> Option<Detail> {
        // Written out when the book is free again.
        self.book(|book, _| book.sketch(id)).map(Sketch::finish)
    }

    pub(crate) fn workers(&self) -> Vec<WorkerSummary> {
        self.book(|book, _| book.worker_list())
    }

    pub(crate) fn worker(&self, id: &str) -> Option<WorkerSummary> {
        self.book(|book, _| book.worker(id))
    }

    pub(crate) fn stats(&self) -> Stats {
        self.book(Book::stats)
    }

    /// Ends all that is held open, and the clock.
    pub(crate) fn close(&self) {
        self.0.closing.cancel();
    }

    /// Resolves when the endpoint shuts down: what is held open ends then.
    pub(crate) async fn shutting_down(&self) {
        self.0.closing.cancelled().await;
    }

    fn book<T>(&self, work: impl FnOnce(&mut Book, Instant) -> T) -> T {
        let mut book = self.lock();
        // The time of day in the book never goes back.
        let done = work(&mut book, Instant::now());
        let said = book.voice.has_said();
        drop(book);
        if said {
            self.narrate();
        }
        done
    }

    fn narrate(&self) {
        let _in_order = self
            .0
            .narrating
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let said = self.lock().voice.take_said();
        for line in said {
            line.log();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
