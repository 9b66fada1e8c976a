//! Those who wait: clients for a job's end or its stream, workers for jobs and for stops.
//!
//! Whoever stops waiting, because it hung up, has changed nothing: jobs, items and stops are handed out in the last
//! step, which cannot be interrupted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use super::book::Book;
use super::job::Watch;
use super::monotonic::after;
use super::{Caller, JobId, Json, Queue, QueueError, Report, Status, Submission};

/// What a client gets of a job's stream.
#[derive(Debug, Clone)]
pub(crate) struct Streamed {
    /// Final only when all items were fetched: clients stop at a final one.
    pub(crate) status: Status,
    pub(crate) items: Vec<Json>,
}

impl Queue {
    /// Submits a job, and waits for it as [`Queue::wait`] does.
    pub(crate) async fn run_sync(
        &self,
        submission: Submission,
        wait: Duration,
    ) -> Result<Report, QueueError> {
        let id = submission.id;
        let watched = self.book(|book, now| {
            book.submit(submission, now)?;
            book.watch(id)
        })?;
        self.wait_on(id, watched, wait).await
    }

    /// Where the job is, once it has ended or the time is over.
    pub(crate) async fn wait(&self, id: JobId, wait: Duration) -> Result<Report, QueueError> {
        let watched = self.book(|book, _| book.watch(id))?;
        self.wait_on(id, watched, wait).await
    }

    async fn wait_on(
        &self,
        id: JobId,
        mut watched: Watched,
        wait: Duration,
    ) -> Result<Report, QueueError> {
        let until = after(Instant::now(), wait);
        loop {
            let Watched { watch, changed } = watched;
            let is_open = self
                .report(id)
                .is_ok_and(|report| !report.status.is_final() && !self.0.closing.is_cancelled());
            let has_changed = is_open && self.holds_until(until, changed).await.is_some();
            // The job itself may be gone by now, or wait in the queue again.
            if let Some(end) = watch.end.get() {
                return Ok(end.clone());
            }
            if !has_changed {
                return self.report(id);
            }
            watched = self.book(|book, _| book.watch(id))?;
        }
    }

    /// The items since the last call, once there are any, or the job has ended, or it was held for long enough.
    pub(crate) async fn stream(&self, id: JobId) -> Result<Streamed, QueueError> {
        let until = after(Instant::now(), self.0.timing.stream_hold);
        loop {
            let (streamed, Watched { watch, changed }) =
                self.book(|book, _| Ok::<_, QueueError>((book.fetch(id)?, book.watch(id)?)))?;
            if !streamed.items.is_empty()
                || streamed.status.is_final()
                || self.0.closing.is_cancelled()
            {
                return Ok(streamed);
            }
            let is_over = self.holds_until(until, changed).await.is_none();
            if let (Some(end), None) = (watch.end.get(), self.book(|book, _| book.summary(id))) {
                // It ended, and is gone.
                return Ok(Streamed {
                    status: end.status,
                    items: Vec::new(),
                });
            }
            if is_over {
                return self.book(|book, _| book.fetch(id));
            }
        }
    }

    /// Jobs for a worker, each as it is sent; none after having been held for long enough.
    pub(crate) async fn take(
        &self,
        caller: Caller<'_>,
        most: usize,
    ) -> Result<Vec<Bytes>, QueueError> {
        let tasks = self.book(|book, now| book.take(caller, most, now))?;
        if !tasks.is_empty() || self.book(|book, _| book.leaving_workers.contains(caller.worker)) {
            return Ok(tasks);
        }
        let mut poll = self.open_poll(caller.worker);
        let tasks = self.hold_take(caller, most).await?;
        poll.is_answered = true;
        Ok(tasks)
    }

    async fn hold_take(&self, caller: Caller<'_>, most: usize) -> Result<Vec<Bytes>, QueueError> {
        let until = after(Instant::now(), self.0.timing.take_hold);
        loop {
            let mut queued = std::pin::pin!(self.0.takers.notified());
            // From here on a job that comes wakes this taker, and if this one is gone by then, the next.
            queued.as_mut().enable();
            let tasks = self.book(|book, now| book.take(caller, most, now));
            let is_leaving = self.book(|book, _| book.leaving_workers.contains(caller.worker));
            match tasks {
                Ok(tasks) if tasks.is_empty() && !is_leaving => {}
                Ok(tasks) if !tasks.is_empty() => return Ok(tasks),
                none => {
                    // What woke this poll may have been a job. It is for another one.
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

    /// Jobs that a worker is to stop; none after having been held for long enough.
    pub(crate) async fn stops(&self, caller: Caller<'_>) -> Result<Vec<JobId>, QueueError> {
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
        caller: Caller<'_>,
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

    /// And what resolves at the next stop after these.
    fn stops_now(&self, caller: Caller<'_>) -> Result<(Vec<JobId>, OwnedNotified), QueueError> {
        self.book(|book, now| {
            let (stops, changed) = book.stops(caller, now)?;
            Ok((stops, changed.notified_owned()))
        })
    }

    /// None when it has been held for long enough.
    async fn holds_until(&self, until: Instant, changed: OwnedNotified) -> Option<()> {
        tokio::select! {
            () = changed => Some(()),
            () = tokio::time::sleep_until(until) => None,
            () = self.shutting_down() => None,
        }
    }

    fn open_poll(&self, worker: &str) -> OpenPoll {
        self.book(|book, _| book.poll_begins(worker));
        OpenPoll {
            queue: self.clone(),
            worker: worker.into(),
            is_answered: false,
        }
    }
}

impl Book {
    pub(super) fn report(&self, id: JobId) -> Result<Report, QueueError> {
        match self.jobs.get(&id) {
            Some(job) => Ok(job.report()),
            None => Err(QueueError::UnknownJob(id.to_string())),
        }
    }

    /// What a client has not had of the job's stream.
    pub(super) fn fetch(&mut self, id: JobId) -> Result<Streamed, QueueError> {
        let job = self
            .jobs
            .get_mut(&id)
            .ok_or_else(|| QueueError::UnknownJob(id.to_string()))?;
        let Some(stream) = &mut job.stream else {
            return Ok(Streamed {
                status: job.status,
                items: Vec::new(),
            });
        };
        let items = stream.fetch(self.limits.stream_answer);
        let status = if job.status.is_final() && !stream.is_fetched() {
            Status::InProgress
        } else {
            job.status
        };
        Ok(Streamed { status, items })
    }

    /// For a client that waits: what it shares with the others that wait, and the next change of the job after now.
    fn watch(&mut self, id: JobId) -> Result<Watched, QueueError> {
        let job = self
            .jobs
            .get_mut(&id)
            .ok_or_else(|| QueueError::UnknownJob(id.to_string()))?;
        let watch = job.watch();
        let changed = Arc::clone(&watch.changed).notified_owned();
        Ok(Watched { watch, changed })
    }
}

struct Watched {
    watch: Arc<Watch>,
    changed: OwnedNotified,
}

/// A poll that is held open. Its end is known however it comes.
struct OpenPoll {
    queue: Queue,
    worker: Arc<str>,
    is_answered: bool,
}

impl Drop for OpenPoll {
    fn drop(&mut self) {
        self.queue
            .book(|book, now| book.poll_ends(&self.worker, !self.is_answered, now));
    }
}
