//! Ends jobs: by a result, a client's request or a time limit. Also decides how long a finished job is kept.

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

/// The number of jobs handled at a time, so that the lock is never held for long.
const AT_ONCE: usize = 2_048;

impl QueueState {
    /// Handles a result. The first accepted result ends the job, whichever of its workers sends it.
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
            // The worker was thought lost, but has delivered the result.
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

    /// Cancels an unfinished job. A finished job stays unchanged.
    pub(super) fn cancel(&mut self, id: JobId, now: Instant) {
        self.end_and_stop(id, JobOutcome::cancelled(), now);
    }

    /// Cancels at most `most` queued jobs up to the place `newest`, without a log line for each. Returns their number.
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

    /// Queues a failed or timed-out job again.
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
        // Results of these workers belong to the earlier attempt.
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

    /// Ends a job before its worker does, and tells the worker to stop it.
    pub(super) fn end_and_stop(&mut self, id: JobId, outcome: JobOutcome, now: Instant) {
        if self.jobs.get(&id).is_none_or(|job| job.status.is_final()) {
            return;
        }
        if let Some(worker) = self.release(id) {
            self.ask_to_stop(&worker, id);
        }
        self.finish(id, outcome, now);
    }

    /// Finishes a job that was already removed from the queue or from its worker.
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
        // A result is never refused because memory is full. Older results are dropped instead.
        let _ = self.make_room(0);
        self.expire_later(id, now);
        self.tell_job(id);
    }

    /// Handles everything that is due. Returns whether more is due.
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
                "the job did not finish within its time to live of {} ms after its submission (policy.ttl)",
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
        // A job that timed out in the queue is kept for a while, so clients can see this. A running job is removed.
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

    /// Sets the time when a finished job expires.
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

    /// Removes and returns the job that expires first. If `now` is given, returns only a job that has expired by
    /// then.
    pub(super) fn pop_ended(&mut self, now: Option<Instant>) -> Option<(Instant, JobId)> {
        loop {
            let (at, id) = self.retention.next()?;
            if now.is_some_and(|now| at > now) {
                return None;
            }
            self.retention.pop();
            let expires = self.jobs.get(&id).and_then(|job| job.expires);
            // A job that was retried meanwhile has not expired.
            if expires == Some(at) {
                return Some((at, id));
            }
        }
    }
}
