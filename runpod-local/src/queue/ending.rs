//! How jobs end.

use std::sync::Arc;

use tokio::time::Instant;

use super::book::Book;
use super::describe;
use super::error::QueueError;
use super::job::{Job, Place, Tie};
use super::json::Json;
use super::voice::Said;
use super::{JobId, LogLine, Status};

/// A job's end, as it comes from a worker or from the rules.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) status: Status,
    pub(crate) output: Option<Json>,
    pub(crate) error: Option<Json>,
}

/// A result as a worker posts it.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) output: Option<Json>,
    pub(crate) error: Option<Json>,
    /// `stopPod`: the worker ends after it.
    pub(crate) refreshes: bool,
}

/// Whether what a worker posted counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    Yes,
    /// The job has ended already, or is another worker's by now.
    Ignored,
}

impl Book {
    /// The first result that is accepted ends the job, whoever of those who took it sends it.
    pub(super) fn done(
        &mut self,
        worker: &str,
        id: JobId,
        posted: Posted,
        now: Instant,
    ) -> Result<Accepted, QueueError> {
        let (tie, status) = self.tie(worker, id)?;
        self.heard(worker, now);
        if posted.refreshes
            && let Some(worker) = self.workers.get_mut(worker)
        {
            worker.refreshing = true;
        }
        if status.is_final() || tie == Tie::Outdated {
            self.tally.ignored += 1;
            self.voice.say(|| Said::Ignored {
                job: id,
                worker: worker.to_owned(),
                status,
            });
            return Ok(Accepted::Ignored);
        }
        let stopped = self.release(id).filter(|running| **running != *worker);
        if let Some(other) = stopped {
            self.ask_to_stop(&other, id);
        }
        if tie == Tie::Earlier {
            // It was thought lost and has the result all the same.
            let came_back = self
                .workers
                .get(worker)
                .map(|worker| Arc::clone(&worker.id));
            if let Some(job) = self.jobs.get_mut(&id) {
                job.leave_worker();
                job.worker = Some(came_back.unwrap_or_else(|| worker.into()));
            }
        }
        let Posted { output, error, .. } = posted;
        let status = if error.is_some() {
            Status::Failed
        } else {
            Status::Completed
        };
        self.finish(
            id,
            Outcome {
                status,
                output,
                error,
            },
            now,
        );
        Ok(Accepted::Yes)
    }

    /// What a worker is to a job, and where the job is.
    pub(super) fn tie(&self, worker: &str, id: JobId) -> Result<(Tie, Status), QueueError> {
        let job = self
            .jobs
            .get(&id)
            .ok_or_else(|| QueueError::UnknownJob(id.to_string()))?;
        match job.tie(worker) {
            Tie::None => Err(QueueError::NeverTaken {
                job: id,
                worker: worker.to_owned(),
            }),
            tie => Ok((tie, job.status)),
        }
    }

    /// Ends a job that has not ended; one that has stays as it is.
    pub(super) fn cancel(&mut self, id: JobId, now: Instant) {
        let outcome = Outcome {
            status: Status::Cancelled,
            output: None,
            error: None,
        };
        self.end_and_stop(id, outcome, now);
    }

    /// Cancels queued jobs that are not newer than a number, so many at most, without a word on each. Returns how many.
    pub(super) fn purge(&mut self, newest: Place, most: usize, now: Instant) -> usize {
        let queued = self.queue.range(..=newest);
        let ids: Vec<_> = queued.map(|(_, id)| *id).take(most).collect();
        let purged = ids.len();
        self.voice.hush(true);
        for id in ids {
            self.cancel(id, now);
        }
        self.voice.hush(false);
        purged
    }

    /// Queues a job again that failed or timed out.
    pub(super) fn retry(&mut self, id: JobId, now: Instant) -> Result<(), QueueError> {
        let job = self
            .jobs
            .get_mut(&id)
            .ok_or_else(|| QueueError::UnknownJob(id.to_string()))?;
        if !matches!(job.status, Status::Failed | Status::TimedOut) {
            return Err(QueueError::NotRetriable {
                job: id,
                status: job.status,
            });
        }
        job.leave_worker();
        // Their results are of an attempt that is over.
        job.outdated = job.earlier.len();
        job.start_over(now);
        let due = job.due;
        self.tally.retried += 1;
        self.recount(id);
        self.remind(id, due);
        self.voice.say(|| Said::Retried(id));
        self.enqueue(id);
        Ok(())
    }

    /// Ends a job against its worker's will.
    pub(super) fn end_and_stop(&mut self, id: JobId, outcome: Outcome, now: Instant) {
        if self.jobs.get(&id).is_none_or(|job| job.status.is_final()) {
            return;
        }
        if let Some(worker) = self.release(id) {
            self.ask_to_stop(&worker, id);
        }
        self.finish(id, outcome, now);
    }

    /// Takes a job out of the queue, or off the hands of its worker, which is returned.
    pub(super) fn release(&mut self, id: JobId) -> Option<Arc<str>> {
        let job = self.jobs.get_mut(&id)?;
        match job.status {
            Status::InQueue => {
                if let Some(place) = job.place.take() {
                    self.queue.remove(&place);
                }
                None
            }
            Status::InProgress => {
                self.running -= 1;
                let worker = Arc::clone(job.worker.as_ref()?);
                if let Some(record) = self.workers.get_mut(&worker) {
                    record.jobs.remove(&id);
                    self.tell_worker(&worker);
                }
                Some(worker)
            }
            _ => None,
        }
    }

    /// The job is neither in the queue nor a worker's any more.
    pub(super) fn finish(&mut self, id: JobId, outcome: Outcome, now: Instant) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.end(outcome, now);
        let latency = job
            .execution()
            .map(|execution| execution + job.delay().unwrap_or_default());
        self.tally.job_ended(job.status, latency, now);
        self.voice.say(|| Said::Ended {
            job: id,
            status: job.status,
            execution: job.execution(),
            error: job.error.as_ref().map(describe::error_line),
        });
        let is_called = match (&mut self.webhooks, &job.webhook) {
            (Some(webhooks), Some(url)) => webhooks.hand_on(job, url),
            _ => Ok(()),
        };
        if let Err(full) = is_called {
            self.log(id, LogLine::warning(&full.to_string()));
            if full.is_new {
                self.voice.warn(Said::WebhooksDropped { job: id, full });
            }
        }
        self.recount(id);
        // A result is never refused for want of room: older ones go.
        let _ = self.make_room(0);
        self.expire_later(id, now);
        self.tell_job(id);
    }
}

impl Job {
    fn end(&mut self, outcome: Outcome, now: Instant) {
        self.status = outcome.status;
        self.output = outcome.output;
        self.error = outcome.error;
        self.progress = None;
        self.ended_at = Some(now);
        if let Some(watch) = self.watch.take() {
            // The first end counts, and there is only one until the job is retried, with another watch.
            let _ = watch.end.set(self.report());
            watch.changed.notify_waiters();
        }
    }

    /// As if it had just been submitted.
    fn start_over(&mut self, now: Instant) {
        self.queued_at = now;
        self.taken_at = None;
        self.ended_at = None;
        self.expires = None;
        self.due = self.ttl_ends();
        self.output = None;
        self.error = None;
        self.retries += 1;
        self.losses = 0;
        if let Some(stream) = &mut self.stream {
            stream.start_over();
        }
    }
}
