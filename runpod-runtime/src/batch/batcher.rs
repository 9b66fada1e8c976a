//! Runs the calls that a [`Schedule`] starts.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tracing::{Instrument as _, Span};

use super::outcome::{CallOutcome, EndedCall, Fault, Left};
use super::schedule::{Batch, Call, Key, Limits, Next, Schedule};
use crate::process::panics::{caught, caught_now};
use crate::process::threads::spawn_blocking;

/// The part of a call that belongs to one job.
pub(crate) type Part = Box<dyn Any + Send>;
type OnCall = Box<dyn Fn(&EndedCall) + Send + Sync>;
type Later<R> = Pin<Box<dyn Future<Output = Vec<R>> + Send>>;

/// A call with the parts of all its jobs. It returns one result for each job.
pub(crate) enum Run<R: Send + 'static> {
    Future(Box<dyn FnOnce(Finish<R>) -> Later<R> + Send>),
    Blocking(Box<dyn FnOnce(Finish<R>) -> Vec<R> + Send>),
}

/// Creates the call of some jobs.
pub(crate) type Prepare<R> = Arc<dyn Fn(Vec<Part>) -> Run<R> + Send + Sync>;

/// A job that joins a batch.
pub(crate) struct Job<R: Send + 'static> {
    pub(crate) part: Part,
    pub(crate) weight: usize,
    pub(crate) prepare: Prepare<R>,
}

/// Collects jobs, and runs them in calls.
pub(crate) struct Batcher<R: Send + 'static> {
    begun: Instant,
    on_call: OnceLock<OnCall>,
    state: Mutex<State<R>>,
}

struct State<R: Send + 'static> {
    schedule: Schedule<Waiting<R>>,
    /// The runtime of the job that was pushed last.
    runtime: Option<Handle>,
    /// The time of the next call of [`Batcher::drive`].
    timer: Option<Duration>,
}

struct Waiting<R: Send + 'static> {
    part: Part,
    prepare: Prepare<R>,
    answer: Answer<R>,
    span: Span,
    /// When the job joined.
    since: Duration,
}

type Answer<R> = oneshot::Sender<Result<R, Left>>;

impl<R: Send + 'static> Batcher<R> {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            begun: Instant::now(),
            on_call: OnceLock::new(),
            state: Mutex::new(State {
                schedule: Schedule::new(limits),
                runtime: None,
                timer: None,
            }),
        })
    }

    pub(crate) fn limits(&self) -> Limits {
        *self.state().schedule.limits()
    }

    /// Sets the function that learns about each call when it has ended. Only the first function is kept.
    pub(crate) fn on_call(&self, function: impl Fn(&EndedCall) + Send + Sync + 'static) {
        let _ = self.on_call.set(Box::new(function));
    }

    fn report(&self, ended: Option<EndedCall>) {
        if let (Some(on_call), Some(call)) = (self.on_call.get(), ended) {
            on_call(&call);
        }
    }

    /// Announces a job, so that a call waits for it until it joins or is dropped.
    pub(crate) fn announce(self: &Arc<Self>) -> Seat<R> {
        self.state().schedule.announce();
        Seat(Arc::clone(self))
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Locks the state. No user code runs under the lock, so the state is correct even if the lock is poisoned.
    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the calls that should start now, and calls itself again when the next one should start.
    fn drive(self: &Arc<Self>) {
        loop {
            let mut state = self.state();
            let now = self.now();
            let Some(runtime) = state.runtime.clone() else {
                return;
            };
            match state.schedule.poll(now) {
                Next::Dispatch(batch) => {
                    drop(state);
                    self.start(&runtime, batch);
                }
                Next::WaitUntil(at) => {
                    let is_sooner = state.timer.is_none_or(|timer| timer <= now || timer > at);
                    // A time beyond the clock's range never comes.
                    if let (true, Some(until)) = (is_sooner, self.begun.checked_add(at)) {
                        state.timer = Some(at);
                        drop(state);
                        let batcher = Arc::clone(self);
                        runtime.spawn(async move {
                            sleep_until(until).await;
                            batcher.drive();
                        });
                    }
                    return;
                }
                Next::Nothing => return,
            }
        }
    }

    fn start(self: &Arc<Self>, runtime: &Handle, batch: Batch<Waiting<R>>) {
        let mut running = Running {
            batcher: Arc::clone(self),
            call: Some(batch.call),
            answers: Vec::with_capacity(batch.jobs.len()),
            begun: self.now(),
            took: Duration::ZERO,
            waits: Vec::with_capacity(batch.jobs.len()),
            outcome: CallOutcome::Failed,
        };
        let mut parts = Vec::with_capacity(batch.jobs.len());
        let mut first = None;
        let mut cancelled = Vec::new();
        for job in batch.jobs {
            // The job was cancelled after it had left the queue.
            if job.answer.is_closed() {
                cancelled.push(job);
                continue;
            }
            parts.push(job.part);
            running.answers.push(job.answer);
            running.waits.push(running.begun.saturating_sub(job.since));
            first.get_or_insert((job.prepare, job.span));
        }
        if !cancelled.is_empty() {
            // They contain the user's values, which must not be dropped on the control thread.
            runtime.spawn(async move { drop(cancelled) });
        }
        let Some((prepare, span)) = first else {
            return;
        };
        // The log lines of a call with several jobs belong to none of them.
        let span = if parts.len() == 1 { span } else { Span::none() };
        runtime.spawn(running.run(prepare, parts).instrument(span));
    }
}

impl<R: Send + 'static> fmt::Debug for Batcher<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").finish_non_exhaustive()
    }
}

/// An announced job.
pub(crate) struct Seat<R: Send + 'static>(Arc<Batcher<R>>);

impl<R: Send + 'static> Seat<R> {
    /// Checks whether a job of this weight fits into a call.
    ///
    /// # Errors
    ///
    /// Returns an error if the job is too heavy.
    pub(crate) fn check(&self, weight: usize) -> Result<(), Left> {
        let checked = self.0.state().schedule.check(weight);
        checked.map_err(Left::TooHeavy)
    }

    /// Adds the job to the next call, and waits for its result. If the future is dropped while the job waits, the job
    /// leaves the queue. Must be polled inside the handlers' runtime.
    ///
    /// # Errors
    ///
    /// Returns an error if the job is too heavy, or if its call failed as a whole.
    pub(crate) async fn join(self, job: Job<R>) -> Result<R, Left> {
        let batcher = Arc::clone(&self.0);
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            part: job.part,
            prepare: job.prepare,
            answer,
            span: Span::current(),
            since: batcher.now(),
        };
        let pushed = {
            let mut state = batcher.state();
            state.runtime = Some(Handle::current());
            let now = batcher.now();
            state.schedule.push(waiting, job.weight, now)
        };
        let key = pushed.map_err(Left::TooHeavy)?;
        let _leaves = Leaves {
            batcher: Arc::clone(&batcher),
            key,
        };
        // The job no longer counts as announced. If it was the last one, a call may start.
        drop(self);
        answered
            .await
            .unwrap_or(Err(Left::Fault(Fault::Shutdown, 1)))
    }
}

impl<R: Send + 'static> Drop for Seat<R> {
    fn drop(&mut self) {
        self.0.state().schedule.arrived_or_left();
        self.0.drive();
    }
}

impl<R: Send + 'static> fmt::Debug for Seat<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seat").finish()
    }
}

/// Removes a job from the queue if it is dropped before its call.
struct Leaves<R: Send + 'static> {
    batcher: Arc<Batcher<R>>,
    key: Key,
}

impl<R: Send + 'static> Drop for Leaves<R> {
    fn drop(&mut self) {
        // The job contains the user's values, which must not be dropped under the lock.
        let removed = self.batcher.state().schedule.remove(self.key);
        drop(removed);
    }
}

/// A running call. If it is dropped before it has finished, its jobs get an error.
struct Running<R: Send + 'static> {
    batcher: Arc<Batcher<R>>,
    /// `None` after the call has finished.
    call: Option<Call>,
    answers: Vec<Answer<R>>,
    begun: Duration,
    took: Duration,
    waits: Vec<Duration>,
    outcome: CallOutcome,
}

/// Reports that the user's function has returned, so that the next call starts while the results are written.
pub(crate) struct Finish<R: Send + 'static>(Arc<Mutex<Running<R>>>);

impl<R: Send + 'static> Finish<R> {
    /// `succeeded` is false if the call failed early, so that its duration says nothing.
    pub(crate) fn report(self, succeeded: bool) {
        lock(&self.0).finished(succeeded);
    }
}

impl<R: Send + 'static> Running<R> {
    async fn run(mut self, prepare: Prepare<R>, parts: Vec<Part>) {
        let jobs = parts.len();
        let batcher = Arc::clone(&self.batcher);
        let mut answers = std::mem::take(&mut self.answers);
        let running = Arc::new(Mutex::new(self));
        let finish = Finish(Arc::clone(&running));
        let prepared = caught_now(move || prepare(parts));
        let results = match prepared {
            Err(panic) => Err(Fault::Panicked(panic)),
            Ok(Run::Future(call)) => {
                let call = caught(async move { call(finish).await });
                tokio::select! {
                    biased;
                    results = call => results.map_err(Fault::Panicked),
                    // Nobody wants the results, so the future is dropped.
                    () = all_closed(&mut answers) => {
                        lock(&running).outcome = CallOutcome::Cancelled;
                        return;
                    }
                }
            }
            Ok(Run::Blocking(call)) => {
                let span = Span::current();
                let call = move || span.in_scope(|| caught_now(move || call(finish)));
                match spawn_blocking(&Handle::current(), call) {
                    Ok(call) => match call.await {
                        Ok(results) => results.map_err(Fault::Panicked),
                        Err(_) => Err(Fault::Shutdown),
                    },
                    Err(refused) => Err(Fault::Refused(refused.to_string())),
                }
            }
        };
        lock(&running).finished(false);
        let results = results.and_then(|results| match results.len() {
            found if found == jobs => Ok(results),
            found => Err(Fault::WrongLength {
                results: found,
                jobs,
            }),
        });
        let ended = {
            let mut running = lock(&running);
            if results.is_err() {
                running.outcome = CallOutcome::Failed;
            }
            running.ended()
        };
        batcher.report(ended);
        match results {
            Ok(results) => {
                for (answer, result) in answers.into_iter().zip(results) {
                    let _ = answer.send(Ok(result));
                }
            }
            Err(fault) => {
                if let Fault::Panicked(panic) = &fault
                    && answers.iter().all(oneshot::Sender::is_closed)
                {
                    let message = &panic.message;
                    tracing::warn!("a call panicked, after its jobs were stopped: {message}");
                }
                for answer in answers {
                    let _ = answer.send(Err(Left::Fault(fault.clone(), jobs)));
                }
            }
        }
    }

    /// Returns the call for the worker, unless this has already happened.
    fn ended(&mut self) -> Option<EndedCall> {
        let waits = std::mem::take(&mut self.waits);
        EndedCall::with(waits, self.took, self.outcome)
    }

    /// Gives the call back to the schedule, unless this has already happened.
    fn finished(&mut self, succeeded: bool) {
        let Some(call) = self.call.take() else {
            return;
        };
        let now = self.batcher.now();
        self.took = now.saturating_sub(self.begun);
        let mut state = self.batcher.state();
        if succeeded {
            self.outcome = CallOutcome::Completed;
            state.schedule.finished(&call, now);
        } else {
            state.schedule.failed(&call, now);
        }
        drop(state);
        self.batcher.drive();
    }
}

impl<R: Send + 'static> Drop for Running<R> {
    fn drop(&mut self) {
        let jobs = self.answers.len();
        for answer in self.answers.drain(..) {
            let _ = answer.send(Err(Left::Fault(Fault::Shutdown, jobs)));
        }
        self.finished(false);
        let ended = self.ended();
        self.batcher.report(ended);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until no job wants its result.
async fn all_closed<R>(answers: &mut [Answer<R>]) {
    for answer in answers {
        answer.closed().await;
    }
}
