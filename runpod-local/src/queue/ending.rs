//! How jobs end: a result, a client's wish, a time limit; and how long a job can be asked about then.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::clock::after;
use super::error::QueueError;
use super::events::LogEvent;
use super::id::JobId;
use super::job::{Accepted, Claim, JobOutcome};
use super::job_views::error_line;
use super::log_lines::LogLine;
use super::state::QueueState;
use super::views::Status;
use super::waiting_jobs::Place;

/// So much is done at a time, so that nobody waits long for the lock.
const AT_ONCE: usize = 2_048;

impl QueueState {
    /// The first result that is accepted ends the job, whoever of those who took it sends it.
    pub(super) fn done(
        &mut self,
        worker: &str,
        id: JobId,
        outcome: JobOutcome,
        refreshes: bool,
        now: Instant,
    ) -> Result<Accepted, QueueError> {
        let (claim, status) = self.claim(worker, id)?;
        self.heard(worker, now);
        if refreshes && let Some(worker) = self.workers.get_mut(worker) {
            worker.refreshing = true;
        }
        if status.is_final() || claim == Claim::Outdated {
            self.metrics.ignored += 1;
            self.publisher.info(|| LogEvent::Ignored {
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
        if claim == Claim::Earlier {
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
        self.finish(id, outcome, now);
        Ok(Accepted::Yes)
    }

    /// Ends a job that has not ended; one that has stays as it is.
    pub(super) fn cancel(&mut self, id: JobId, now: Instant) {
        self.end_and_stop(id, JobOutcome::cancelled(), now);
    }

    /// Cancels queued jobs that are not newer than a number, so many at most, without a word on each. Returns how many.
    pub(super) fn purge(&mut self, newest: Place, most: usize, now: Instant) -> usize {
        let ids = self.waiting.up_to(newest, most);
        let purged = ids.len();
        self.publisher.set_quiet(true);
        for id in ids {
            self.cancel(id, now);
        }
        self.publisher.set_quiet(false);
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
        self.metrics.retried += 1;
        self.recount(id);
        self.remind(id, due);
        self.publisher.info(|| LogEvent::Retried(id));
        self.enqueue(id);
        Ok(())
    }

    /// Ends a job against its worker's will.
    pub(super) fn end_and_stop(&mut self, id: JobId, outcome: JobOutcome, now: Instant) {
        if self.jobs.get(&id).is_none_or(|job| job.status.is_final()) {
            return;
        }
        if let Some(worker) = self.release(id) {
            self.ask_to_stop(&worker, id);
        }
        self.finish(id, outcome, now);
    }

    /// The job is neither in the queue nor a worker's any more.
    pub(super) fn finish(&mut self, id: JobId, outcome: JobOutcome, now: Instant) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.end(outcome, now);
        let latency = job
            .execution()
            .map(|execution| execution + job.delay().unwrap_or_default());
        self.metrics.job_ended(job.status, latency, now);
        self.publisher.info(|| LogEvent::Ended {
            job: id,
            status: job.status,
            execution: job.execution(),
            error: job.error.as_ref().map(error_line),
        });
        let is_called = match (&mut self.webhooks, &job.webhook) {
            (Some(webhooks), Some(url)) => webhooks.hand_on(job, url),
            _ => Ok(()),
        };
        if let Err(full) = is_called {
            self.log(id, LogLine::warning(&full.to_string()));
            if full.is_new {
                self.publisher
                    .warn(LogEvent::WebhooksDropped { job: id, full });
            }
        }
        self.recount(id);
        // A result is never refused for want of room: older ones go.
        let _ = self.make_room(0);
        self.expire_later(id, now);
        self.tell_job(id);
    }

    /// Does what is due. Returns whether there is more of it.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        for _ in 0..AT_ONCE {
            match self.deadlines.pop_due(now) {
                Some((at, id)) => self.time_out(id, at, now),
                None => break,
            }
        }
        for _ in 0..AT_ONCE {
            match self.pop_ended(Some(now)) {
                Some((_, id)) => self.forget(id),
                None => break,
            }
        }
        let silence = self.look_for_silence(now);
        let next = [
            self.deadlines.next(),
            self.retention.next().map(|(at, _)| at),
            silence,
        ];
        self.alarm.at = next.into_iter().flatten().min();
        self.alarm.at.is_some_and(|at| at <= now)
    }

    fn time_out(&mut self, id: JobId, at: Instant, now: Instant) {
        let Some(job) = self.jobs.get(&id) else {
            return;
        };
        if job.due != at || job.status.is_final() {
            return;
        }
        let ttl = job.policy.ttl;
        let is_over = at == job.ttl_ends();
        let is_running = job.status == Status::InProgress;
        let worker = job.worker.clone().filter(|_| is_running);
        let error = if is_over {
            format!(
                "the job did not end within its time to live of {} ms, counted from its submission (policy.ttl)",
                ttl.as_millis()
            )
        } else {
            format!(
                "the job ran for longer than its execution timeout of {} ms (policy.executionTimeout)",
                job.policy.execution_timeout.as_millis()
            )
        };
        let outcome = JobOutcome::with_error(Status::TimedOut, &error);
        self.end_and_stop(id, outcome, now);
        // Of a job that waited, clients can learn for a while that it timed out. A running one is removed.
        if is_over && let Some(worker) = worker {
            self.remove(id, &worker, ttl);
        }
    }

    fn remove(&mut self, id: JobId, worker: &Arc<str>, ttl: Duration) {
        if let Some(worker) = self.workers.get_mut(worker)
            && worker.last_ping_at.is_some()
        {
            worker.removed.insert(id);
        }
        self.forget(id);
        self.publisher.warn(LogEvent::Removed {
            job: id,
            worker: Arc::clone(worker),
            ttl,
        });
    }

    /// The job has ended: it can be asked about for a while.
    pub(super) fn expire_later(&mut self, id: JobId, now: Instant) {
        let retention = if id.is_sync() {
            self.timing.runsync_retention
        } else {
            self.timing.run_retention
        };
        let at = after(now, retention);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.expires = Some(at);
        }
        self.retention.push(at, id);
        self.alarm.no_later_than(at);
    }

    /// The job that expires first; if the time is given, only one that has expired by then.
    pub(super) fn pop_ended(&mut self, now: Option<Instant>) -> Option<(Instant, JobId)> {
        loop {
            let (at, id) = self.retention.next()?;
            if now.is_some_and(|now| at > now) {
                return None;
            }
            self.retention.pop();
            let expires = self.jobs.get(&id).and_then(|job| job.expires);
            // One that was retried meanwhile lives on.
            if expires == Some(at) {
                return Some((at, id));
            }
        }
    }
}
