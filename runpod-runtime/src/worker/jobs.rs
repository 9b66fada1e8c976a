//! The jobs that this worker has: those that wait for a slot, those that run, and those whose result the platform has
//! not accepted yet.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::adaptive::Begin;
use super::events::{JobRun, WorkerEvent};
use crate::handler::{Handler, JobContext, Slot, Slots, TakenJob};
use crate::spool::{DiskCopy, JobResult};

/// A job of this worker, from its arrival until nothing is left to do for it.
#[derive(Debug)]
pub(super) struct Job {
    /// The position in the order in which jobs were taken. It is unique within a worker.
    number: u64,
    pub(super) context: JobContext,
    /// Whether its handler streams, once the handler is known.
    pub(super) streaming: OnceLock<bool>,
    taken: Instant,
    /// When it got its slot, if the worker chooses the number of slots itself.
    begin: OnceLock<Begin>,
    /// When its handler was called, and which one.
    started: OnceLock<(Instant, Arc<Handler>)>,
    /// The copy on disk that its result may have.
    pub(super) copy: DiskCopy,
    /// Whether the platform has a result of the job or wants none.
    answered: AtomicBool,
    /// Whether its result asks for a fresh worker.
    pub(super) wants_fresh_worker: AtomicBool,
    /// Whether nothing is left to do for the job.
    done: AtomicBool,
    /// Whether the job has its task, which posts its items and progress, if there are any, and its result.
    sending: AtomicBool,
    /// The result, for the task that is still posting items and progress.
    result: Mutex<Option<JobResult>>,
    has_result: Notify,
}

impl Job {
    pub(super) fn id(&self) -> &Arc<str> {
        self.context.shared_job_id()
    }

    /// Records that no other result of the job may follow.
    pub(super) fn set_answered(&self) {
        self.answered.store(true, Ordering::Release);
    }

    pub(super) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    pub(super) fn is_done(&self) -> bool {
        self.done.load(Ordering::Acquire)
    }

    pub(super) fn streams(&self) -> bool {
        self.streaming.get().copied().unwrap_or(false)
    }

    /// Records that the job has got its slot.
    pub(super) fn begins(&self, begin: Begin) {
        let _ = self.begin.set(begin);
    }

    pub(super) fn begin(&self) -> Option<Begin> {
        self.begin.get().copied()
    }

    /// Records that this handler is about to be called.
    pub(super) fn starts(&self, handler: &Arc<Handler>) {
        let now = Instant::now();
        let _ = self.started.set((now, Arc::clone(handler)));
        let run = JobRun {
            id: self.id(),
            handler: Some(&handler.name),
            ran: Duration::ZERO,
        };
        WorkerEvent::JobStarted {
            run,
            waited: now - self.taken,
        }
        .emit();
    }

    /// Describes the job's run so far.
    pub(super) fn run(&self) -> JobRun<'_> {
        let started = self.started.get();
        JobRun {
            id: self.id(),
            handler: started.map(|(_, handler)| handler.name.as_str()),
            ran: started.map_or(Duration::ZERO, |(at, _)| at.elapsed()),
        }
    }

    /// Claims the right to start the job's task. Returns false if the job already has its task.
    pub(super) fn begin_sending(&self) -> bool {
        !self.sending.swap(true, Ordering::AcqRel)
    }

    /// Hands the result to the job's task.
    pub(super) fn hand_over(&self, result: JobResult) {
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        self.has_result.notify_one();
    }

    /// Waits for the result. `None` if the job was stopped.
    pub(super) async fn result(&self) -> Option<JobResult> {
        loop {
            let result = self
                .result
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if result.is_some() {
                return result;
            }
            tokio::select! {
                biased;
                () = self.context.cancel().stopped() => return None,
                () = self.has_result.notified() => {}
            }
        }
    }
}

/// All jobs of the worker. Only the control thread uses it.
#[derive(Debug)]
pub(super) struct Jobs {
    table: Mutex<Table>,
    pub(super) slots: Arc<Slots>,
}

#[derive(Debug, Default)]
struct Table {
    by_id: HashMap<Arc<str>, Entry>,
    taken: u64,
    /// Jobs that wait for a slot, in the order of their arrival.
    waiting: VecDeque<(Arc<Job>, TakenJob)>,
    /// The number and the total bytes of the results that the platform has not accepted yet.
    undelivered: (usize, usize),
}

#[derive(Debug)]
struct Entry {
    job: Arc<Job>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The job waits for a slot.
    Waiting,
    /// The job's handler runs.
    Running(AbortHandle),
    /// The result, with this many bytes, is being delivered.
    Delivering(usize),
}

impl Jobs {
    pub(super) fn new() -> Self {
        Self {
            table: Mutex::default(),
            slots: Arc::default(),
        }
    }

    /// Adds a job. Returns `None` if a job with this id already exists.
    pub(super) fn admit(&self, context: JobContext, copy: DiskCopy) -> Option<Arc<Job>> {
        let mut table = self.table();
        let id = Arc::clone(context.shared_job_id());
        if table.by_id.contains_key(&id) {
            return None;
        }
        let job = Arc::new(Job {
            number: table.taken,
            context,
            streaming: OnceLock::new(),
            taken: Instant::now(),
            begin: OnceLock::new(),
            started: OnceLock::new(),
            copy,
            answered: AtomicBool::new(false),
            wants_fresh_worker: AtomicBool::new(false),
            done: AtomicBool::new(false),
            sending: AtomicBool::new(false),
            result: Mutex::new(None),
            has_result: Notify::new(),
        });
        table.taken += 1;
        let entry = Entry {
            job: Arc::clone(&job),
            state: State::Waiting,
        };
        table.by_id.insert(id, entry);
        Some(job)
    }

    /// Queues a job that has no slot yet. It gets one after the jobs that came before it.
    pub(super) fn wait_for_slot(&self, job: Arc<Job>, taken: TakenJob) {
        self.table().waiting.push_back((job, taken));
    }

    /// Returns the next job that may run, with its slot.
    pub(super) fn next_to_run(&self) -> Option<(Arc<Job>, TakenJob, Slot)> {
        let mut table = self.table();
        if table.waiting.is_empty() {
            return None;
        }
        let slot = self.slots.take()?;
        let (job, taken) = table.waiting.pop_front()?;
        Some((job, taken, slot))
    }

    /// Records that the job's handler runs in this task.
    pub(super) fn runs(&self, job: &Job, task: AbortHandle) {
        if let Some(entry) = self.table().entry(job) {
            entry.state = State::Running(task);
        }
    }

    /// Records that the job's handler has finished and that its result, with this many bytes, is being delivered.
    /// Returns false if the job no longer exists or already has its result.
    pub(super) fn begin_delivery(&self, job: &Job, result_bytes: usize) -> bool {
        let mut table = self.table();
        let Some(entry) = table.entry(job) else {
            return false;
        };
        if matches!(entry.state, State::Delivering(_)) {
            return false;
        }
        entry.state = State::Delivering(result_bytes);
        table.undelivered.0 += 1;
        table.undelivered.1 = table.undelivered.1.saturating_add(result_bytes);
        true
    }

    /// Removes a job for which nothing is left to do.
    pub(super) fn remove(&self, job: &Job) {
        job.done.store(true, Ordering::Release);
        let mut table = self.table();
        let removed = match table.entry(job) {
            Some(_) => table.by_id.remove(job.id()),
            None => None,
        };
        if let Some(State::Delivering(bytes)) = removed.as_ref().map(|entry| &entry.state) {
            table.undelivered.0 -= 1;
            table.undelivered.1 -= table.undelivered.1.min(*bytes);
        }
        drop(table);
        if removed.is_some() {
            WorkerEvent::JobLeft { job_id: job.id() }.emit();
        }
        self.slots.changed();
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Job>> {
        Some(Arc::clone(&self.table().by_id.get(id)?.job))
    }

    /// Interrupts a job that waits or runs. An async handler is dropped at its next `await`. Returns `None` if the
    /// job's result is being delivered or if the job does not exist.
    pub(super) fn interrupt(&self, job: &Job) -> Option<Interrupted> {
        let mut table = self.table();
        let interrupted = match &table.entry(job)?.state {
            State::Waiting => Interrupted::Waiting,
            State::Running(task) => {
                task.abort();
                Interrupted::Started
            }
            State::Delivering(_) => return None,
        };
        table.waiting.retain(|(it, _)| it.number != job.number);
        Some(interrupted)
    }

    /// Returns all jobs that wait or run.
    pub(super) fn unfinished(&self) -> Vec<Arc<Job>> {
        let table = self.table();
        let unfinished = table
            .by_id
            .values()
            .filter(|entry| !matches!(entry.state, State::Delivering(_)));
        let mut jobs: Vec<_> = unfinished.map(|entry| Arc::clone(&entry.job)).collect();
        jobs.sort_unstable_by_key(|job| job.number);
        jobs
    }

    pub(super) fn has_unfinished(&self) -> bool {
        let table = self.table();
        table.by_id.len() > table.undelivered.0
    }

    /// Returns the ids of all jobs whose result the platform has not accepted yet, in the order in which they were
    /// taken.
    pub(super) fn ids(&self) -> Vec<String> {
        let table = self.table();
        let mut ids: Vec<_> = table
            .by_id
            .iter()
            .map(|(id, entry)| (entry.job.number, id.to_string()))
            .collect();
        ids.sort_unstable();
        ids.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.table().by_id.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many jobs wait for a slot.
    pub(super) fn waiting(&self) -> usize {
        self.table().waiting.len()
    }

    /// Returns the number and the total bytes of the results that the platform has not accepted yet.
    pub(super) fn undelivered(&self) -> (usize, usize) {
        self.table().undelivered
    }

    /// No user code runs while this lock is held, so the table is intact even if the lock is poisoned.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Returns the entry of exactly this job. Another job may have the same id by now.
    fn entry(&mut self, job: &Job) -> Option<&mut Entry> {
        let entry = self.by_id.get_mut(job.id())?;
        (entry.job.number == job.number).then_some(entry)
    }
}

/// How far an interrupted job had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interrupted {
    /// The job had no slot yet.
    Waiting,
    /// The job's handler was called or was waiting for a thread.
    Started,
}

/// Keeps a job in the table until this is dropped. It is dropped even if the task that delivers the result panics. So
/// the heartbeat never names a job that nobody works on, and the worker can always stop.
#[derive(Debug)]
#[must_use]
pub(super) struct TableEntry<'a>(pub(super) &'a Jobs, pub(super) &'a Job);

impl Drop for TableEntry<'_> {
    fn drop(&mut self) {
        self.0.remove(self.1);
    }
}

#[cfg(test)]
#[path = "jobs_tests.rs"]
mod tests;
