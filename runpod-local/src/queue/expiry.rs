//! What happens because time passes.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::book::Book;
use super::ending::Outcome;
use super::json::Json;
use super::monotonic::after;
use super::voice::Said;
use super::{JobId, Status};

/// So much is done at a time, so that nobody waits long for the book.
const AT_ONCE: usize = 2_048;

impl Book {
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
            self.ended[0].front().map(|(at, _)| *at),
            self.ended[1].front().map(|(at, _)| *at),
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
        let outcome = Outcome {
            status: Status::TimedOut,
            output: None,
            error: Some(Json::string(&error)),
        };
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
        self.voice.warn(Said::Removed {
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
        self.ended[usize::from(id.is_sync())].push_back((at, id));
        self.alarm.no_later_than(at);
    }

    /// The job that expires first; only one that has expired, where it is told what time it is.
    pub(super) fn pop_ended(&mut self, now: Option<Instant>) -> Option<(Instant, JobId)> {
        loop {
            let [run, runsync] = &self.ended;
            let queue = match (run.front(), runsync.front()) {
                (Some((run, _)), Some((runsync, _))) => usize::from(runsync < run),
                (None, _) => 1,
                (_, None) => 0,
            };
            let &(at, id) = self.ended[queue].front()?;
            if now.is_some_and(|now| at > now) {
                return None;
            }
            self.ended[queue].pop_front();
            let expires = self.jobs.get(&id).and_then(|job| job.expires);
            // One that was retried meanwhile lives on.
            if expires == Some(at) {
                return Some((at, id));
            }
        }
    }
}
