//! The workers: which are alive, which jobs they must stop, and what happens to the jobs of lost workers.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::clock::{after, unix_ms};
use super::error::QueueError;
use super::events::{LogEvent, PageEvent};
use super::id::JobId;
use super::job::Claim;
use super::state::QueueState;
use super::views::Status;
use super::worker::{CallingWorker, FORGOTTEN_AFTER, Ping, Presence, WorkerRecord};

impl QueueState {
    /// Records a poll, which shows that the worker is alive.
    pub(super) fn polled(
        &mut self,
        caller: CallingWorker<'_>,
        now: Instant,
    ) -> Result<Arc<str>, QueueError> {
        let is_known = self.workers.known.contains_key(caller.worker);
        let worker = self.meet(caller, now)?;
        worker.last_active = now;
        worker.hung_up = false;
        let before = std::mem::replace(&mut worker.presence, Presence::Polling);
        let id = Arc::clone(&worker.id);
        self.workers.startup.attached(&id);
        if before == Presence::Ghost {
            self.publisher
                .info(|| LogEvent::WorkerCame(Arc::clone(&id)));
        }
        if is_known && before != Presence::Polling {
            self.tell_worker(&id);
        }
        Ok(id)
    }

    /// Records that a poll of this worker is held open.
    pub(super) fn poll_begins(&mut self, worker: &str) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.open_polls += 1;
        }
    }

    /// Records that a poll was answered, or that the worker hung up.
    pub(super) fn poll_ends(&mut self, id: &str, hung_up: bool, now: Instant) {
        if let Some(worker) = self.workers.get_mut(id) {
            worker.open_polls = worker.open_polls.saturating_sub(1);
            worker.last_active = now;
            worker.hung_up = hung_up;
            worker.seen(now);
            self.watch_silence(id);
        }
    }

    /// Sets an alarm for the time at which the worker will have been silent for too long.
    pub(super) fn watch_silence(&mut self, worker: &str) {
        let worker = self.workers.get(worker);
        let until = worker.and_then(|worker| worker.silent_until(self.timing.lost_after));
        if let Some(until) = until {
            self.alarm.no_later_than(until);
        }
    }

    pub(super) fn ping(
        &mut self,
        caller: CallingWorker<'_>,
        ping: &Ping<'_>,
        now: Instant,
    ) -> Result<(), QueueError> {
        let lost_after = self.timing.lost_after;
        let worker = self.meet(caller, now)?;
        worker.last_ping_at = Some(unix_ms());
        if ping.version.is_some() && worker.version.as_deref() != ping.version {
            worker.version = ping.version.map(Into::into);
        }
        let was_healthy = worker.unhealthy.is_none();
        worker.unhealthy = ping.unhealthy.map(Into::into);
        for job in &ping.jobs {
            if let Some(held) = worker.jobs.get_mut(job) {
                held.named = now;
            }
        }
        let gone =
            worker.jobs_by_turn(|held| !ping.is_cut && now.duration_since(held.named) > lost_after);
        let id = Arc::clone(&worker.id);
        let reason = worker.unhealthy.clone().filter(|_| was_healthy);
        if !ping.is_cut {
            worker.removed.retain(|job| ping.jobs.contains(job));
        }
        self.watch_silence(&id);
        if let Some(reason) = reason {
            self.publisher.warn(LogEvent::WorkerUnhealthy {
                worker: Arc::clone(&id),
                reason,
            });
        }
        for job in gone.into_iter().rev() {
            self.give_back(job, &id, now);
        }
        for job in &ping.jobs {
            if self.is_to_stop(&id, *job) {
                self.ask_to_stop(&id, *job);
            }
        }
        self.tell_worker(&id);
        Ok(())
    }

    /// Records a post, which shows that the worker is alive.
    pub(super) fn heard(&mut self, worker: &str, now: Instant) {
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.last_active = now;
            worker.seen(now);
        }
    }

    /// Returns the jobs that this worker must stop, each only once, and a signal for the next such job.
    pub(super) fn stops(
        &mut self,
        caller: CallingWorker<'_>,
        now: Instant,
    ) -> Result<(Vec<JobId>, Arc<Notify>), QueueError> {
        let id = self.polled(caller, now)?;
        let stops = match self.workers.get_mut(&id) {
            Some(worker) => {
                worker.asks_for_stops = true;
                let stops = worker.stops.drain().collect();
                (stops, Arc::clone(&worker.stops_changed))
            }
            None => Default::default(),
        };
        self.watch_silence(&id);
        Ok(stops)
    }

    pub(super) fn ask_to_stop(&mut self, worker: &str, job: JobId) {
        if let Some(worker) = self.workers.get_mut(worker)
            && worker.stops.insert(job)
        {
            worker.stops_changed.notify_waiters();
        }
    }

    /// Returns whether a worker should stop a job that its ping names. A worker that was thought lost may still finish
    /// a job that is in the queue again.
    fn is_to_stop(&self, worker: &str, job: JobId) -> bool {
        let Some(job) = self.jobs.get(&job) else {
            let worker = self.workers.get(worker);
            return worker.is_some_and(|worker| worker.removed.contains(&job));
        };
        let has_it = job.claim(worker);
        match job.status {
            Status::InQueue => has_it == Claim::Outdated,
            // If the job has finished, its result may have overtaken the ping.
            Status::InProgress | Status::Completed | Status::Failed => has_it != Claim::Current,
            Status::Cancelled | Status::TimedOut => true,
        }
    }

    /// Takes the jobs from silent workers and removes workers that are gone. Returns when to check again.
    pub(super) fn look_for_silence(&mut self, now: Instant) -> Option<Instant> {
        let lost_after = self.timing.lost_after;
        let mut silent: Vec<_> = self
            .workers
            .known
            .values()
            .filter(|worker| {
                worker
                    .silent_until(lost_after)
                    .is_some_and(|until| until <= now)
            })
            .map(|worker| Arc::clone(&worker.id))
            .collect();
        // The map has no order. The same events must always return the jobs in the same order.
        silent.sort_unstable();
        for worker in silent {
            self.lose(&worker, now);
        }
        self.workers
            .known
            .values()
            .filter_map(|worker| worker.silent_until(lost_after))
            .min()
    }

    fn lose(&mut self, id: &Arc<str>, now: Instant) {
        let lost_after = self.timing.lost_after;
        let Some(worker) = self.workers.get_mut(id) else {
            return;
        };
        let jobs = worker.jobs_by_turn(|_| true);
        let silent = now.duration_since(worker.last_active.min(worker.last_seen));
        let still_pings = after(worker.last_seen, lost_after) > now;
        let was_ghost = worker.is_ghost();
        let was_to_end = worker.refreshing || worker.last_ping_at.is_none();
        if still_pings && !was_ghost {
            worker.presence = Presence::Ghost;
            worker.stops.clear();
        } else {
            self.workers.known.remove(id);
        }
        if !was_ghost {
            self.publisher.publish(|| PageEvent::Worker(Arc::clone(id)));
            if was_to_end && jobs.is_empty() {
                self.publisher.info(|| LogEvent::WorkerLeft(Arc::clone(id)));
            } else {
                self.publisher.warn(LogEvent::WorkerLost {
                    worker: Arc::clone(id),
                    silent,
                    still_pings,
                });
            }
        }
        // Each job goes to the front of the queue, so they are returned in reverse order.
        for job in jobs.into_iter().rev() {
            self.give_back(job, id, now);
        }
    }

    /// Returns the worker's record. Creates it for a new worker.
    pub(super) fn meet(
        &mut self,
        caller: CallingWorker<'_>,
        now: Instant,
    ) -> Result<&mut WorkerRecord, QueueError> {
        if !self.workers.known.contains_key(caller.worker) {
            if self.workers.ended.contains(caller.worker) {
                return Err(QueueError::WorkerEnded(caller.worker.to_owned()));
            }
            if self.workers.known.len() >= self.limits.workers {
                return Err(QueueError::TooManyWorkers(self.limits.workers));
            }
            let worker = WorkerRecord::new(caller.worker, now);
            let id = Arc::clone(&worker.id);
            self.workers.known.insert(Arc::clone(&id), worker);
            self.alarm.no_later_than(after(now, FORGOTTEN_AFTER));
            self.publisher
                .info(|| LogEvent::WorkerCame(Arc::clone(&id)));
            self.tell_worker(&id);
        }
        let limit = self.limits.workers;
        let worker = self
            .workers
            .get_mut(caller.worker)
            .ok_or(QueueError::TooManyWorkers(limit))?;
        worker.seen(now);
        if caller.agent.is_some() && worker.agent.as_deref() != caller.agent {
            worker.agent = caller.agent.map(Into::into);
        }
        Ok(worker)
    }

    /// Handles the exit of a worker, as its owner reports it.
    pub(super) fn worker_ended(&mut self, id: &str, now: Instant) {
        let id: Arc<str> = id.into();
        // A poll of this worker may still be held open. Without this mark, it would take the jobs that are returned
        // here.
        self.workers.ended.insert(Arc::clone(&id));
        self.workers.leaving.remove(&id);
        self.workers.startup.ended(&id);
        let Some(worker) = self.workers.known.remove(&id) else {
            return;
        };
        if !worker.is_ghost() {
            self.publisher
                .publish(|| PageEvent::Worker(Arc::clone(&id)));
            self.publisher
                .info(|| LogEvent::WorkerLeft(Arc::clone(&id)));
        }
        // Each job goes to the front of the queue, so they are returned in reverse order.
        for job in worker.jobs_by_turn(|_| true).into_iter().rev() {
            self.give_back(job, &id, now);
        }
    }
}
