//! Decides which worker has a job: queues jobs, hands them out, and takes them back into the queue.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::clock::after;
use super::error::QueueError;
use super::events::LogEvent;
use super::id::JobId;
use super::job::{Claim, JobOutcome};
use super::state::QueueState;
use super::views::Status;
use super::waiting_jobs::Place;
use super::worker::{Assignment, CallingWorker};

/// The maximum number of bytes in an answer with several jobs. A single job may be larger.
const BATCH_BYTES: usize = 64 * 1024 * 1024;

impl QueueState {
    /// Adds a job at the end of the queue.
    pub(super) fn enqueue(&mut self, id: JobId) {
        let place = self.waiting.push_back(id);
        self.enqueued(id, place);
    }

    /// Adds a job at the front of the queue. Used for jobs of a lost worker.
    fn enqueue_first(&mut self, id: JobId) {
        let place = self.waiting.push_front(id);
        self.enqueued(id, place);
    }

    fn enqueued(&mut self, id: JobId, place: Place) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.status = Status::InQueue;
        job.place = Some(place);
        self.tell_job(id);
        self.takers.notify_one();
    }

    /// Returns at most `most` jobs for a worker, each as it is sent.
    pub(super) fn take(
        &mut self,
        caller: CallingWorker<'_>,
        most: usize,
        now: Instant,
    ) -> Result<Vec<Bytes>, QueueError> {
        let worker = self.polled(caller, now)?;
        let mut tasks = Vec::new();
        let mut bytes = 0;
        let most = if self.workers.leaving.contains(&worker) {
            0
        } else {
            most
        };
        while tasks.len() < most {
            let Some(id) = self.waiting.first() else {
                break;
            };
            let size = self.jobs.get(&id).map_or(0, |job| job.task.len());
            if !tasks.is_empty() && bytes + size > BATCH_BYTES {
                break;
            }
            bytes += size;
            self.waiting.pop_first();
            tasks.extend(self.hand_over(id, &worker, now));
        }
        if !tasks.is_empty() {
            if let Some(worker) = self.workers.get_mut(&worker) {
                // The worker takes jobs again, so it is not refreshing: it is still alive and nothing has replaced it.
                worker.refreshing = false;
            }
            self.tell_worker(&worker);
        }
        Ok(tasks)
    }

    /// Gives a job to a worker. The job has already left the queue.
    fn hand_over(&mut self, id: JobId, worker: &Arc<str>, now: Instant) -> Option<Bytes> {
        self.assign(id, worker, now);
        let job = self.jobs.get(&id)?;
        self.publisher.info(|| LogEvent::Taken {
            job: id,
            worker: Arc::clone(worker),
            after: job.delay().unwrap_or_default(),
        });
        Some(job.task.clone())
    }

    /// Records that the worker runs the job from now on.
    pub(super) fn assign(&mut self, id: JobId, worker: &Arc<str>, now: Instant) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.status = Status::InProgress;
        job.place = None;
        job.worker = Some(Arc::clone(worker));
        job.taken_at = Some(now);
        job.due = job.ttl_ends().min(after(now, job.policy.execution_timeout));
        let due = job.due;
        self.running += 1;
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.stops.remove(&id);
            self.last_turn += 1;
            let turn = self.last_turn;
            worker.jobs.insert(id, Assignment { named: now, turn });
        }
        self.watch_silence(worker);
        self.remind(id, due);
        self.tell_job(id);
    }

    /// Removes a job from the queue or from its worker. In the second case, returns the worker.
    pub(super) fn release(&mut self, id: JobId) -> Option<Arc<str>> {
        let job = self.jobs.get_mut(&id)?;
        match job.status {
            Status::InQueue => {
                if let Some(place) = job.place.take() {
                    self.waiting.remove(place);
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

    /// Returns a job to the front of the queue. If its worker was lost too often, the job fails instead.
    pub(super) fn give_back(&mut self, id: JobId, worker: &Arc<str>, now: Instant) {
        if self
            .jobs
            .get(&id)
            .is_none_or(|job| job.status != Status::InProgress)
        {
            return;
        }
        self.release(id);
        let lost_retries = self.limits.lost_retries;
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        if job.losses >= lost_retries {
            let error = format!(
                "the job's worker was lost {} times, so the job is not retried; the last worker was {worker}. Check whether \
                 the handler crashes or runs out of memory",
                job.losses + 1
            );
            self.finish(id, JobOutcome::with_error(Status::Failed, &error), now);
            return;
        }
        job.leave_worker();
        job.losses += 1;
        job.retries += 1;
        job.taken_at = None;
        job.progress = None;
        if let Some(stream) = &mut job.stream {
            stream.start_over();
        }
        job.due = job.ttl_ends();
        let (due, retries) = (job.due, job.retries);
        self.metrics.retried += 1;
        self.publisher.warn(LogEvent::Returned {
            job: id,
            worker: Arc::clone(worker),
            retries,
        });
        self.recount(id);
        self.remind(id, due);
        self.enqueue_first(id);
    }

    /// Returns a worker's claim to a job, and the job's status.
    pub(super) fn claim(&self, worker: &str, id: JobId) -> Result<(Claim, Status), QueueError> {
        let job = self
            .jobs
            .get(&id)
            .ok_or_else(|| QueueError::UnknownJob(id.to_string()))?;
        match job.claim(worker) {
            Claim::None => Err(QueueError::NeverTaken {
                job: id,
                worker: worker.to_owned(),
            }),
            claim => Ok((claim, job.status)),
        }
    }

    /// Returns whether the worker runs the job. If a worker was thought lost but still works on a job that is queued
    /// again, it gets the job back.
    pub(super) fn reclaim(
        &mut self,
        worker: &str,
        id: JobId,
        now: Instant,
    ) -> Result<bool, QueueError> {
        let (claim, status) = self.claim(worker, id)?;
        self.heard(worker, now);
        match (claim, status) {
            (Claim::Current, Status::InProgress) => Ok(true),
            (Claim::Earlier, Status::InQueue) => {
                let caller = CallingWorker {
                    worker,
                    agent: None,
                };
                let worker = Arc::clone(&self.meet(caller, now)?.id);
                self.release(id);
                self.assign(id, &worker, now);
                self.tell_worker(&worker);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}
