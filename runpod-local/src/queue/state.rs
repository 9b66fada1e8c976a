//! The state of the queue: all jobs and workers, the deadlines, and the memory in use.
//!
//! The state does no I/O and never waits. Every method gets the time as an argument, so tests can choose it.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;

use super::clock::unix_ms;
use super::deadlines::{Alarm, Deadlines, Retention};
use super::error::QueueError;
use super::events::{LogEvent, PageEvent, Publisher};
use super::id::{ByJob, JobId};
use super::job::{Job, Submission};
use super::metrics::Metrics;
use super::reported_events::Reported;
use super::views::{Health, JobReport, Stats, Summary};
use super::waiting_jobs::WaitingJobs;
use super::webhooks::WebhookQueue;
use super::workers::Workers;
use crate::settings::{Limits, Timing};

/// The maximum length of the list of newest jobs.
const RECENT: usize = 1_000;

#[derive(Debug)]
pub(super) struct QueueState {
    pub(super) limits: Limits,
    pub(super) timing: Timing,
    pub(super) jobs: ByJob<Box<Job>>,
    pub(super) waiting: WaitingJobs,
    /// The number of the last job that was taken.
    pub(super) last_turn: u64,
    pub(super) running: usize,
    pub(super) workers: Workers,
    pub(super) worker_events: Reported,
    pub(super) deadlines: Deadlines,
    pub(super) retention: Retention,
    pub(super) alarm: Alarm,
    /// The bytes of inputs, outputs, stream items and log lines, including the cost of storing them.
    pub(super) held_bytes: u64,
    /// Whether the log already has a line about results that are dropped to free memory.
    pub(super) drops_results: bool,
    pub(super) recent: VecDeque<JobId>,
    pub(super) metrics: Metrics,
    pub(super) publisher: Publisher,
    /// Notified once for each job that enters the queue.
    pub(super) takers: Arc<Notify>,
    /// The queue for finished jobs with a webhook.
    pub(super) webhooks: Option<WebhookQueue>,
}

impl QueueState {
    pub(super) fn new(
        limits: Limits,
        timing: Timing,
        events: broadcast::Sender<PageEvent>,
        now: Instant,
    ) -> Self {
        Self {
            limits,
            timing,
            jobs: ByJob::default(),
            waiting: WaitingJobs::default(),
            last_turn: 0,
            running: 0,
            workers: Workers::default(),
            worker_events: Reported::default(),
            deadlines: Deadlines::default(),
            retention: Retention::default(),
            alarm: Alarm::default(),
            held_bytes: 0,
            drops_results: false,
            recent: VecDeque::new(),
            metrics: Metrics::new(now),
            publisher: Publisher::new(events),
            takers: Arc::default(),
            webhooks: None,
        }
    }

    pub(super) fn submit(
        &mut self,
        submission: Submission,
        now: Instant,
    ) -> Result<(), QueueError> {
        if self.waiting.len() >= self.limits.queued_jobs {
            return Err(QueueError::QueueFull(self.limits.queued_jobs));
        }
        let job = Job::new(submission, unix_ms(), now);
        self.make_room(job.weight())?;
        let (id, due) = (job.id, job.due);
        self.jobs.insert(id, Box::new(job));
        self.recount(id);
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(id);
        self.remind(id, due);
        self.publisher.info(|| LogEvent::Queued(id));
        self.enqueue(id);
        Ok(())
    }

    /// Schedules a check of the job at this time.
    pub(super) fn remind(&mut self, id: JobId, due: Instant) {
        self.deadlines.push(due, id);
        self.alarm.no_later_than(due);
        let jobs = &self.jobs;
        self.deadlines
            .tidy(self.waiting.len() + self.running, |at, id| {
                jobs.get(&id)
                    .is_some_and(|job| job.due == at && !job.status.is_final())
            });
    }

    pub(super) fn tell_job(&self, id: JobId) {
        self.publisher.publish(|| PageEvent::Job(id));
    }

    pub(super) fn tell_worker(&self, id: &str) {
        if let Some(worker) = self
            .workers
            .known
            .get(id)
            .filter(|worker| !worker.is_ghost())
        {
            self.publisher
                .publish(|| PageEvent::Worker(Arc::clone(&worker.id)));
        }
    }

    /// Makes room for `bytes`. Drops the results of finished jobs, in the order in which they expire.
    pub(super) fn make_room(&mut self, bytes: u64) -> Result<(), QueueError> {
        if self.held_bytes < self.limits.held_bytes / 2 {
            self.drops_results = false;
        }
        while self.held_bytes + bytes > self.limits.held_bytes {
            let Some((_, id)) = self.pop_ended(None) else {
                return Err(QueueError::HeldFull(self.limits.held_bytes));
            };
            self.forget(id);
            if !std::mem::replace(&mut self.drops_results, true) {
                self.publisher.warn(LogEvent::ResultsDropped);
            }
        }
        Ok(())
    }

    /// Updates the memory count after a job has changed its size.
    pub(super) fn recount(&mut self, id: JobId) {
        if let Some(job) = self.jobs.get_mut(&id) {
            let weight = job.weight();
            self.held_bytes = self.held_bytes - job.counted + weight;
            job.counted = weight;
        }
    }

    pub(super) fn forget(&mut self, id: JobId) {
        if let Some(job) = self.jobs.remove(&id) {
            self.held_bytes -= job.counted;
            job.tell_waiters();
        }
    }

    pub(super) fn recent(&self, most: usize) -> Vec<Summary> {
        self.recent
            .iter()
            .rev()
            .filter_map(|id| self.jobs.get(id))
            .take(most)
            .map(|job| job.summary())
            .collect()
    }

    pub(super) fn stats(&mut self, now: Instant) -> Stats {
        Stats {
            throughput: self.metrics.throughput(now),
            latency: self.metrics.latency(),
            queue: self.waiting.len(),
            running: self.running,
            completed: self.metrics.completed,
            failed: self.metrics.failed,
        }
    }

    pub(super) fn health(&self) -> Health {
        let mut health = Health {
            completed: self.metrics.completed,
            failed: self.metrics.failed,
            in_progress: self.running,
            in_queue: self.waiting.len(),
            retried: self.metrics.retried,
            initializing: self.workers.initializing(),
            readiness: self.workers.readiness(),
            ..Health::default()
        };
        for worker in self.workers.present() {
            if worker.unhealthy.is_some() {
                health.unhealthy += 1;
            } else if !worker.jobs.is_empty() {
                health.running += 1;
            } else if !worker.is_initializing() {
                health.idle += 1;
            }
        }
        health
    }

    pub(super) fn report(&self, id: JobId) -> Result<JobReport, QueueError> {
        match self.jobs.get(&id) {
            Some(job) => Ok(job.report()),
            None => Err(QueueError::UnknownJob(id.to_string())),
        }
    }
}
