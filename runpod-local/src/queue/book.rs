//! The book: all jobs and workers, and how a job comes in and goes out to a worker.
//!
//! Book-keeping only. Nothing here waits, and every method is told what time it is.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{Notify, broadcast};
use tokio::time::Instant;

use super::alarm::{Alarm, Deadlines};
use super::clock_time::unix_ms;
use super::error::QueueError;
use super::id::ByJob;
use super::job::{Job, Place, Submission};
use super::monotonic::after;
use super::readiness::Preparation;
use super::tally::Tally;
use super::voice::{Said, Voice};
use super::webhooks::Webhooks;
use super::worker::{Held, Worker};
use super::{Event, JobId, Status};
use crate::settings::{Limits, Timing};

/// How many jobs the list of the newest can have.
const RECENT: usize = 1_000;

/// One answer to a worker that asks for many jobs has no more bytes than this, but for a single job.
const BATCH_BYTES: usize = 64 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Book {
    pub(super) limits: Limits,
    pub(super) timing: Timing,
    pub(super) jobs: ByJob<Box<Job>>,
    pub(super) queue: BTreeMap<Place, JobId>,
    /// The number of the next place at the end of the queue; those at its front count down from zero.
    pub(super) next_place: i64,
    pub(super) next_front: i64,
    next_turn: u64,
    pub(super) running: usize,
    pub(super) workers: HashMap<Arc<str>, Worker>,
    /// Workers whose owner said that they get no further job.
    pub(super) leaving_workers: HashSet<Arc<str>>,
    /// Workers whose owner said that they have ended.
    pub(super) ended_workers: HashSet<Arc<str>>,
    pub(super) deadlines: Deadlines,
    /// Jobs that have ended, with when they expire: those of `/run`, then those of `/runsync`.
    pub(super) ended: [VecDeque<(Instant, JobId)>; 2],
    pub(super) alarm: Alarm,
    /// Bytes held.
    pub(super) held: u64,
    /// Whether it was said that results are dropped for want of room.
    pub(super) drops_results: bool,
    pub(super) recent: VecDeque<JobId>,
    pub(super) tally: Tally,
    pub(super) voice: Voice,
    /// Woken once for each job that comes into the queue.
    pub(super) takers: Arc<Notify>,
    /// Where jobs with a webhook go at their end.
    pub(super) webhooks: Option<Webhooks>,
    /// What the owner of the workers is doing before they ask for a first job.
    pub(super) preparation: Preparation,
}

/// A worker that asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) worker: &'a str,
    pub(crate) agent: Option<&'a str>,
}

impl Book {
    pub(super) fn new(
        limits: Limits,
        timing: Timing,
        events: broadcast::Sender<Event>,
        now: Instant,
    ) -> Self {
        Self {
            limits,
            timing,
            jobs: ByJob::default(),
            queue: BTreeMap::new(),
            next_place: 1,
            next_front: 0,
            next_turn: 0,
            running: 0,
            workers: HashMap::new(),
            leaving_workers: HashSet::new(),
            ended_workers: HashSet::new(),
            deadlines: Deadlines::default(),
            ended: Default::default(),
            alarm: Alarm::default(),
            held: 0,
            drops_results: false,
            recent: VecDeque::new(),
            tally: Tally::new(now),
            voice: Voice::new(events),
            takers: Arc::default(),
            webhooks: None,
            preparation: Preparation::default(),
        }
    }

    pub(super) fn submit(
        &mut self,
        submission: Submission,
        now: Instant,
    ) -> Result<(), QueueError> {
        if self.queue.len() >= self.limits.queued_jobs {
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
        self.voice.say(|| Said::Queued(id));
        self.enqueue(id);
        Ok(())
    }

    /// At the end of the queue.
    pub(super) fn enqueue(&mut self, id: JobId) {
        self.next_place += 1;
        self.enqueue_at(id, self.next_place);
    }

    /// At its front: for a job that comes back from a lost worker.
    pub(super) fn enqueue_first(&mut self, id: JobId) {
        self.next_front -= 1;
        self.enqueue_at(id, self.next_front);
    }

    fn enqueue_at(&mut self, id: JobId, place: Place) {
        let Some(job) = self.jobs.get_mut(&id) else {
            return;
        };
        job.status = Status::InQueue;
        job.place = Some(place);
        self.queue.insert(place, id);
        self.tell_job(id);
        self.takers.notify_one();
    }

    /// Jobs for a worker that asks for so many, each as it is sent.
    pub(super) fn take(
        &mut self,
        caller: Caller<'_>,
        most: usize,
        now: Instant,
    ) -> Result<Vec<Bytes>, QueueError> {
        let worker = self.polled(caller, now)?;
        let mut tasks = Vec::new();
        let mut bytes = 0;
        let most = if self.leaving_workers.contains(&worker) {
            0
        } else {
            most
        };
        while tasks.len() < most {
            let Some(next) = self.queue.first_entry() else {
                break;
            };
            let id = *next.get();
            let size = self.jobs.get(&id).map_or(0, |job| job.task.len());
            if !tasks.is_empty() && bytes + size > BATCH_BYTES {
                break;
            }
            bytes += size;
            next.remove();
            tasks.extend(self.hand_over(id, &worker, now));
        }
        if !tasks.is_empty() {
            if let Some(worker) = self.workers.get_mut(&worker) {
                // Nobody took its place, and it lives.
                worker.refreshing = false;
            }
            self.tell_worker(&worker);
        }
        Ok(tasks)
    }

    /// The job is out of the queue already.
    fn hand_over(&mut self, id: JobId, worker: &Arc<str>, now: Instant) -> Option<Bytes> {
        self.assign(id, worker, now);
        let job = self.jobs.get(&id)?;
        self.voice.say(|| Said::Taken {
            job: id,
            worker: Arc::clone(worker),
            after: job.delay().unwrap_or_default(),
        });
        Some(job.task.clone())
    }

    /// From now on the worker runs it.
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
            self.next_turn += 1;
            let turn = self.next_turn;
            worker.jobs.insert(id, Held { named: now, turn });
        }
        self.watch_silence(worker);
        self.remind(id, due);
        self.tell_job(id);
    }

    /// Looks at the job again at that time.
    pub(super) fn remind(&mut self, id: JobId, due: Instant) {
        self.deadlines.push(due, id);
        self.alarm.no_later_than(due);
        let jobs = &self.jobs;
        self.deadlines
            .tidy(self.queue.len() + self.running, |at, id| {
                jobs.get(&id)
                    .is_some_and(|job| job.due == at && !job.status.is_final())
            });
    }

    pub(super) fn tell_job(&self, id: JobId) {
        self.voice.tell(|| Event::Job(id));
    }

    pub(super) fn tell_worker(&self, id: &str) {
        if let Some(worker) = self.workers.get(id).filter(|worker| !worker.is_ghost()) {
            self.voice.tell(|| Event::Worker(Arc::clone(&worker.id)));
        }
    }
}
