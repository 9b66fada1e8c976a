//! The queue's handle: a lock around the state, a clock, and the requests that wait.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, broadcast, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::QueueError;
use super::events::{LogEvent, PageEvent};
use super::id::JobId;
use super::job::{Accepted, JobOutcome, Submission};
use super::json::Json;
use super::log_lines::LogLine;
use super::state::QueueState;
use super::views::{Detail, Health, JobReport, Stats, Summary, WorkerSummary};
use super::webhooks::{WebhookCall, WebhookQueue};
use super::worker::{CallingWorker, Ping};
use crate::settings::{Limits, Timing};

/// The maximum number of unread events. A listener that falls further behind must load everything again.
pub(super) const EVENTS: usize = 4_096;

/// The number of jobs purged at a time, so that the lock is never held for long.
const PURGED_AT_ONCE: usize = 2_048;

/// A handle to the queue. Clones refer to the same queue.
#[derive(Debug, Clone)]
pub(crate) struct Queue(pub(super) Arc<QueueInner>);

#[derive(Debug)]
pub(super) struct QueueInner {
    state: Mutex<QueueState>,
    /// Held while lines are logged. It keeps the lines in order, and the state is not locked meanwhile.
    log_order: Mutex<()>,
    pub(super) takers: Arc<Notify>,
    events: broadcast::Sender<PageEvent>,
    pub(super) timing: Timing,
    pub(super) closing: CancellationToken,
}

impl Queue {
    /// Creates a queue. [`Queue::keep_time`] must run in its own task.
    pub(crate) fn new(limits: Limits, timing: Timing) -> Self {
        let events = broadcast::Sender::new(EVENTS);
        let state = QueueState::new(limits, timing.clone(), events.clone(), Instant::now());
        Self(Arc::new(QueueInner {
            takers: Arc::clone(&state.takers),
            state: Mutex::new(state),
            log_order: Mutex::new(()),
            events,
            timing,
            closing: CancellationToken::new(),
        }))
    }

    /// Returns a channel with the finished jobs that have a webhook, from now on.
    pub(crate) fn webhook_calls(&self) -> mpsc::UnboundedReceiver<WebhookCall> {
        self.with_state(|state, _| {
            let (webhooks, calls) = WebhookQueue::new(state.limits.webhook_bytes);
            state.webhooks = Some(webhooks);
            calls
        })
    }

    /// Handles timers until the queue is closed.
    pub(crate) async fn keep_time(self) {
        let sooner = self.with_state(|state, _| Arc::clone(&state.alarm.sooner));
        loop {
            while self.with_state(QueueState::tick) {
                tokio::task::yield_now().await;
            }
            let at = self.with_state(|state, _| state.alarm.at);
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
        self.with_state(|state, now| state.submit(submission, now))
    }

    pub(crate) fn report(&self, id: JobId) -> Result<JobReport, QueueError> {
        self.with_state(|state, _| state.report(id))
    }

    /// Cancels the job unless it has finished. Returns its state.
    pub(crate) fn cancel(&self, id: JobId) -> Result<JobReport, QueueError> {
        self.with_state(|state, now| {
            state.cancel(id, now);
            state.report(id)
        })
    }

    pub(crate) fn retry(&self, id: JobId) -> Result<(), QueueError> {
        self.with_state(|state, now| state.retry(id, now))
    }

    /// Cancels all jobs that are in the queue now. Returns their number.
    pub(crate) async fn purge(&self) -> usize {
        let newest = self.with_state(|state, _| state.waiting.last_place());
        let mut removed = 0;
        loop {
            let some = self.with_state(|state, now| state.purge(newest, PURGED_AT_ONCE, now));
            removed += some;
            if some < PURGED_AT_ONCE {
                self.with_state(|state, _| state.publisher.info(|| LogEvent::Purged(removed)));
                return removed;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn health(&self) -> Health {
        self.with_state(|state, _| state.health())
    }

    pub(crate) fn ping(
        &self,
        caller: CallingWorker<'_>,
        ping: &Ping<'_>,
    ) -> Result<(), QueueError> {
        self.with_state(|state, now| state.ping(caller, ping, now))
    }

    pub(crate) fn done(
        &self,
        worker: &str,
        id: JobId,
        outcome: JobOutcome,
        refreshes: bool,
    ) -> Result<Accepted, QueueError> {
        self.with_state(|state, now| state.done(worker, id, outcome, refreshes, now))
    }

    pub(crate) fn post_items(
        &self,
        worker: &str,
        id: JobId,
        items: Vec<Json>,
    ) -> Result<Accepted, QueueError> {
        self.with_state(|state, now| state.stream(worker, id, items, now))
    }

    pub(crate) fn post_progress(
        &self,
        worker: &str,
        id: JobId,
        progress: Json,
    ) -> Result<Accepted, QueueError> {
        self.with_state(|state, now| state.progress(worker, id, progress, now))
    }

    pub(crate) fn log(&self, id: JobId, line: LogLine) {
        self.with_state(|state, _| state.log(id, line));
    }

    /// Subscribes to events from now on. Events cost nothing if nobody subscribes.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<PageEvent> {
        self.0.events.subscribe()
    }

    /// Returns the most recently submitted jobs, the newest first, but no more than 1,000.
    pub(crate) fn recent(&self, most: usize) -> Vec<Summary> {
        self.with_state(|state, _| state.recent(most))
    }

    pub(crate) fn summary(&self, id: JobId) -> Option<Summary> {
        self.with_state(|state, _| state.jobs.get(&id).map(|job| job.summary()))
    }

    /// Returns the stream item with this number, if it is kept.
    pub(crate) fn item(&self, id: JobId, index: u64) -> Option<Json> {
        self.with_state(|state, _| state.jobs.get(&id)?.item(index))
    }

    /// Returns the log line with this number, if it is kept.
    pub(crate) fn line(&self, id: JobId, index: u64) -> Option<LogLine> {
        self.with_state(|state, _| state.jobs.get(&id)?.line(index))
    }

    pub(crate) fn detail(&self, id: JobId) -> Option<Detail> {
        self.with_state(|state, _| state.jobs.get(&id).map(|job| job.detail()))
    }

    pub(crate) fn workers(&self) -> Vec<WorkerSummary> {
        self.with_state(|state, _| state.workers.summaries())
    }

    pub(crate) fn worker(&self, id: &str) -> Option<WorkerSummary> {
        self.with_state(|state, _| state.workers.summary(id))
    }

    pub(crate) fn stats(&self) -> Stats {
        self.with_state(QueueState::stats)
    }

    pub(crate) fn worker_leaves(&self, worker: &str) {
        self.with_state(|state, _| state.workers.leaving.insert(worker.into()));
        // If the worker's poll is held open, it must be answered now.
        self.0.takers.notify_waiters();
    }

    pub(crate) fn worker_ended(&self, worker: &str) {
        self.with_state(|state, now| state.worker_ended(worker, now));
    }

    /// Reports that the endpoint's handlers have changed.
    pub(crate) fn described(&self) {
        self.with_state(|state, _| state.publisher.publish(|| PageEvent::Described));
    }

    pub(crate) fn build_started(&self, workers: usize) {
        self.with_state(|state, _| state.workers.startup.build_started(workers));
    }

    pub(crate) fn build_failed(&self, reason: &str) {
        self.with_state(|state, _| state.workers.startup.build_failed(reason));
    }

    pub(crate) fn build_finished(&self) {
        self.with_state(|state, _| state.workers.startup.build_finished());
    }

    pub(crate) fn worker_starts(&self, worker: &str) {
        self.with_state(|state, _| state.workers.starts(worker));
    }

    pub(crate) fn worker_crashed(&self, worker: &str, reason: &str) {
        self.with_state(|state, now| {
            state.worker_ended(worker, now);
            state.workers.startup.crashed(reason);
        });
    }

    /// Ends all held requests, and the clock.
    pub(crate) fn close(&self) {
        self.0.closing.cancel();
    }

    /// Waits until the endpoint shuts down. Held requests end then.
    pub(crate) async fn shutting_down(&self) {
        self.0.closing.cancelled().await;
    }

    pub(super) fn with_state<T>(&self, work: impl FnOnce(&mut QueueState, Instant) -> T) -> T {
        let mut state = self.lock();
        // The time is read under the lock, so the state never sees it go back.
        let done = work(&mut state, Instant::now());
        let lines = state.publisher.has_lines();
        drop(state);
        if lines {
            self.write_log();
        }
        done
    }

    fn write_log(&self) {
        let _in_order = self
            .0
            .log_order
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let lines = self.lock().publisher.take_lines();
        for line in lines {
            line.log();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, QueueState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
