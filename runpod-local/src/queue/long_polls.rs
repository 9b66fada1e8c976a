//! Requests that wait: clients wait for a job's end or its stream, workers for jobs and stops, and the owner for a
//! worker.
//!
//! If a waiting client hangs up, the state does not change. Jobs, items and stops are handed out only in the last
//! step, which cannot be interrupted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use super::clock::after;
use super::error::QueueError;
use super::events::PageEvent;
use super::handle::Queue;
use super::id::JobId;
use super::job::{JobWatch, Submission};
use super::state::QueueState;
use super::views::{JobReport, StreamBatch};
use super::worker::CallingWorker;

impl Queue {
    /// Submits a job and waits for it like [`Queue::wait`].
    pub(crate) async fn run_sync(
        &self,
        submission: Submission,
        wait: Duration,
    ) -> Result<JobReport, QueueError> {
        let id = submission.id;
        let watched = self.with_state(|state, now| {
            state.submit(submission, now)?;
            watch_job(state, id)
        })?;
        self.wait_on(id, watched, wait).await
    }

    /// Returns the state of a job once it has finished or the time is over.
    pub(crate) async fn wait(&self, id: JobId, wait: Duration) -> Result<JobReport, QueueError> {
        let watched = self.with_state(|state, _| watch_job(state, id))?;
        self.wait_on(id, watched, wait).await
    }

    async fn wait_on(
        &self,
        id: JobId,
        mut watched: Waiter,
        wait: Duration,
    ) -> Result<JobReport, QueueError> {
        let until = after(Instant::now(), wait);
        loop {
            let Waiter { watch, changed } = watched;
            let is_open = self
                .report(id)
                .is_ok_and(|report| !report.status.is_final() && !self.0.closing.is_cancelled());
            let has_changed = is_open && self.holds_until(until, changed).await.is_some();
            // The job may have been removed or retried meanwhile, so the stored end counts.
            if let Some(end) = watch.end.get() {
                return Ok(end.clone());
            }
            if !has_changed {
                return self.report(id);
            }
            watched = self.with_state(|state, _| watch_job(state, id))?;
        }
    }

    /// Returns the items since the last call. Waits until there are any, the job has finished, or the hold time is
    /// over.
    pub(crate) async fn stream(&self, id: JobId) -> Result<StreamBatch, QueueError> {
        let until = after(Instant::now(), self.0.timing.stream_hold);
        loop {
            let (streamed, Waiter { watch, changed }) = self.with_state(|state, _| {
                Ok::<_, QueueError>((state.fetch(id)?, watch_job(state, id)?))
            })?;
            if !streamed.items.is_empty()
                || streamed.status.is_final()
                || self.0.closing.is_cancelled()
            {
                return Ok(streamed);
            }
            let is_over = self.holds_until(until, changed).await.is_none();
            if let (Some(end), None) = (watch.end.get(), self.summary(id)) {
                // The job has ended and was removed.
                return Ok(StreamBatch {
                    status: end.status,
                    items: Vec::new(),
                });
            }
            if is_over {
                return self.with_state(|state, _| state.fetch(id));
            }
        }
    }

    /// Returns jobs for a worker, each as it is sent. Returns an empty list when the hold time is over.
    pub(crate) async fn take(
        &self,
        caller: CallingWorker<'_>,
        most: usize,
    ) -> Result<Vec<Bytes>, QueueError> {
        let tasks = self.with_state(|state, now| state.take(caller, most, now))?;
        if !tasks.is_empty()
            || self.with_state(|state, _| state.workers.leaving.contains(caller.worker))
        {
            return Ok(tasks);
        }
        let mut poll = self.open_poll(caller.worker);
        let tasks = self.hold_take(caller, most).await?;
        poll.is_answered = true;
        Ok(tasks)
    }

    async fn hold_take(
        &self,
        caller: CallingWorker<'_>,
        most: usize,
    ) -> Result<Vec<Bytes>, QueueError> {
        let until = after(Instant::now(), self.0.timing.take_hold);
        loop {
            let mut queued = std::pin::pin!(self.0.takers.notified());
            // From here on, a new job wakes this taker. If this taker is gone by then, the job wakes the next one.
            queued.as_mut().enable();
            let tasks = self.with_state(|state, now| state.take(caller, most, now));
            let is_leaving =
                self.with_state(|state, _| state.workers.leaving.contains(caller.worker));
            match tasks {
                Ok(tasks) if tasks.is_empty() && !is_leaving => {}
                Ok(tasks) if !tasks.is_empty() => return Ok(tasks),
                none => {
                    // A new job may have woken this poll. Another poll must handle it.
                    self.0.takers.notify_one();
                    return none;
                }
            }
            tokio::select! {
                () = queued => {}
                () = tokio::time::sleep_until(until) => return Ok(Vec::new()),
                () = self.shutting_down() => return Ok(Vec::new()),
            }
        }
    }

    /// Returns the jobs that a worker must stop. Returns an empty list when the hold time is over.
    pub(crate) async fn stops(&self, caller: CallingWorker<'_>) -> Result<Vec<JobId>, QueueError> {
        let (stops, changed) = self.stops_now(caller)?;
        if !stops.is_empty() {
            return Ok(stops);
        }
        let mut poll = self.open_poll(caller.worker);
        let stops = self.hold_stops(caller, changed).await?;
        poll.is_answered = true;
        Ok(stops)
    }

    async fn hold_stops(
        &self,
        caller: CallingWorker<'_>,
        mut changed: OwnedNotified,
    ) -> Result<Vec<JobId>, QueueError> {
        let until = after(Instant::now(), self.0.timing.stop_hold);
        while self.holds_until(until, changed).await.is_some() {
            let (stops, next) = self.stops_now(caller)?;
            if !stops.is_empty() {
                return Ok(stops);
            }
            changed = next;
        }
        Ok(Vec::new())
    }

    /// Returns the jobs to stop now, and a future that resolves at the next stop.
    fn stops_now(
        &self,
        caller: CallingWorker<'_>,
    ) -> Result<(Vec<JobId>, OwnedNotified), QueueError> {
        self.with_state(|state, now| {
            let (stops, changed) = state.stops(caller, now)?;
            Ok((stops, changed.notified_owned()))
        })
    }

    /// Waits for a change. Returns `None` when the hold time is over.
    async fn holds_until(&self, until: Instant, changed: OwnedNotified) -> Option<()> {
        tokio::select! {
            () = changed => Some(()),
            () = tokio::time::sleep_until(until) => None,
            () = self.shutting_down() => None,
        }
    }

    /// Waits until the worker has asked for a job.
    pub(crate) async fn attached(&self, worker: &str) {
        let mut events = self.subscribe();
        while !self.with_state(|state, _| state.workers.is_attached(worker)) {
            loop {
                match events.recv().await {
                    Ok(PageEvent::Worker(changed)) if *changed == *worker => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    // The endpoint is gone, so no worker can attach any more.
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        }
    }

    fn open_poll(&self, worker: &str) -> OpenPoll {
        self.with_state(|state, _| state.poll_begins(worker));
        OpenPoll {
            queue: self.clone(),
            worker: worker.into(),
            is_answered: false,
        }
    }
}

/// Returns the shared watch of a job, and a future that resolves at the job's next change.
fn watch_job(state: &mut QueueState, id: JobId) -> Result<Waiter, QueueError> {
    let job = state
        .jobs
        .get_mut(&id)
        .ok_or_else(|| QueueError::UnknownJob(id.to_string()))?;
    let watch = job.watch();
    let changed = Arc::clone(&watch.changed).notified_owned();
    Ok(Waiter { watch, changed })
}

struct Waiter {
    watch: Arc<JobWatch>,
    changed: OwnedNotified,
}

/// A poll that is held open. Dropping it records its end, even if the worker has hung up.
struct OpenPoll {
    queue: Queue,
    worker: Arc<str>,
    is_answered: bool,
}

impl Drop for OpenPoll {
    fn drop(&mut self) {
        self.queue
            .with_state(|state, now| state.poll_ends(&self.worker, !self.is_answered, now));
    }
}
