//! Runs a job's handler on its thread and turns its output into the body of the result.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tracing::{Instrument, Span};

use super::Handlers;
use super::call_end::CallEnd;
use super::consecutive_failures::Verdict;
use super::events::WorkerEvent;
use super::inbox::{Event, Finished, Inbox};
use super::jobs::{Job, Jobs};
use crate::handler::{
    Around, Call, Dispatch, Extracted, Failure, Handler, HandlerBatcher, HandlerSeat, InUse,
    ItemSink, Kind, Slot, StateCell, TakenJob, Wrapped, catch_panic,
};
use crate::logging;
use crate::platform::{Outcome, Reporter, ResultBody};
use crate::process::panics::caught_now;
use crate::process::threads::spawn_blocking;

/// To find the handler of a routed job, the control thread reads inputs up to this many bytes itself.
const SMALL_INPUT: usize = 16 << 10;

/// The state that all jobs share on the threads of handlers.
pub(super) struct Execution {
    pub(super) dispatch: Dispatch,
    pub(super) state: Option<StateCell>,
    /// Whether the result of a stream repeats its items.
    pub(super) aggregate: bool,
    /// Whether to refresh the worker after every job.
    pub(super) refresh: bool,
    /// The functions that wrap the calls of handlers, the outermost one first.
    pub(super) around: Arc<[Around]>,
    pub(super) reporter: Arc<Reporter>,
    pub(super) inbox: Arc<Inbox>,
    /// The batchers of the batch handlers.
    pub(super) batchers: Arc<[Arc<HandlerBatcher>]>,
}

impl Execution {
    /// Creates the failed result of a job that did not fail in its handler. `refresh` says whether it asks for a fresh
    /// worker.
    pub(super) fn failed(&self, failure: Failure, streaming: bool, refresh: bool) -> ResultBody {
        self.reporter
            .result(Outcome::Failed(failure), streaming, refresh, None)
    }

    /// Keeps batch handlers from starting a call until the returned values are dropped, unless the call is full. So
    /// jobs that arrive together share a call.
    pub(super) fn hold_batches(&self) -> Vec<HandlerSeat> {
        self.batchers.iter().map(HandlerBatcher::announce).collect()
    }

    /// Returns whether the result of a stream repeats its items.
    #[cfg_attr(
        not(feature = "openai"),
        expect(unused_variables, reason = "no handler differs")
    )]
    fn repeats(&self, handler: &Handler) -> bool {
        #[cfg(feature = "openai")]
        // In HTTP mode, nobody reads the items from the result.
        let repeats = handler.repeats_items() && !self.reporter.reports_streams_alike;
        #[cfg(not(feature = "openai"))]
        let repeats = false;
        self.aggregate || repeats
    }

    /// Returns whether something asynchronous runs around the handler's call: an `around` function or an extractor. Even
    /// a plain `fn` handler then starts on the async threads.
    fn wraps(&self, handler: &Handler) -> bool {
        !self.around.is_empty() || handler.extractors().next().is_some()
    }
}

/// A job before its handler runs and while it runs.
struct Run {
    job: Arc<Job>,
    taken: TakenJob,
    execution: Arc<Execution>,
    /// The job's place in the next call, for batch handlers.
    seat: Option<HandlerSeat>,
    report: Report,
}

/// Reports to the control thread that a handler has finished, even if the handler's task is dropped.
struct Report {
    execution: Arc<Execution>,
    /// `None` after the report.
    job: Option<Arc<Job>>,
    slot: Option<Slot>,
}

/// Runs the job's handler on the threads of handlers.
pub(super) fn start(
    execution: &Arc<Execution>,
    handlers: &Handlers,
    jobs: &Jobs,
    job: &Arc<Job>,
    taken: TakenJob,
    slot: Slot,
) {
    let run = Run {
        job: Arc::clone(job),
        taken,
        execution: Arc::clone(execution),
        seat: None,
        report: Report {
            execution: Arc::clone(execution),
            job: Some(Arc::clone(job)),
            slot: Some(slot),
        },
    };
    if let Some(task) = run.spawn(handlers) {
        jobs.runs(job, task);
    }
}

impl Run {
    fn spawn(mut self, handlers: &Handlers) -> Option<AbortHandle> {
        let handle = handlers.handle();
        let must_read_input = self.execution.dispatch.reads_input_of(&self.taken)
            && self.taken.input.get().len() > SMALL_INPUT;
        if must_read_input {
            return Some(handle.spawn(self.find_and_run()).abort_handle());
        }
        let handler = match self.execution.dispatch.find(&self.taken) {
            Ok(handler) => handler,
            Err(failure) => {
                self.fail_without_handler(failure);
                return None;
            }
        };
        self.announce(&handler);
        if handler.kind == Kind::Blocking && !self.execution.wraps(&handler) {
            self.spawn_blocking(handle, handler)
        } else {
            Some(handle.spawn(self.run_in_span(handler)).abort_handle())
        }
    }

    fn spawn_blocking(self, handle: &Handle, handler: Arc<Handler>) -> Option<AbortHandle> {
        let id = Arc::clone(self.job.id());
        let spawned = spawn_blocking(handle, move || {
            self.span().in_scope(|| self.run_blocking(&handler));
        });
        match spawned {
            Ok(task) => Some(task.abort_handle()),
            // The closure was dropped together with its `Report`, which has reported the failure.
            Err(refused) => {
                tracing::error!(job_id = &*id, "the handler was not called: {refused}");
                None
            }
        }
    }

    /// Announces the job to the handler's batcher, so that a call waits until the job's input has been read.
    fn announce(&mut self, handler: &Handler) {
        self.seat = handler.batcher.as_ref().map(HandlerBatcher::announce);
    }

    async fn find_and_run(mut self) {
        match self.execution.dispatch.find(&self.taken) {
            Ok(handler) if handler.kind == Kind::Blocking && !self.execution.wraps(&handler) => {
                // No abort handle is needed, because `run_blocking` checks whether the job was cancelled.
                let _ = self.spawn_blocking(&Handle::current(), handler);
            }
            Ok(handler) => {
                self.announce(&handler);
                self.run_in_span(handler).await;
            }
            Err(failure) => self.fail_without_handler(failure),
        }
    }

    fn fail_without_handler(self, failure: Failure) {
        let _ = self.job.streaming.set(false);
        let failure = failure.at("while looking for the job's handler");
        let body = self
            .execution
            .failed(failure, false, self.execution.refresh);
        self.report.finished(body, Verdict::None);
    }

    /// Creates the span in which the handler runs. This happens on the handler's thread, because it costs as much as a
    /// small handler.
    fn span(&self) -> Span {
        #[cfg(feature = "otel")]
        let _trace = super::events::traces::enter(&self.taken.id);
        logging::job_span(&self.taken.id, self.taken.batch_id())
    }

    async fn run_in_span(self, handler: Arc<Handler>) {
        let span = self.span();
        self.run(handler).instrument(span).await;
    }

    /// Runs the handler and reports that it has finished, even if it panics.
    async fn run(self, handler: Arc<Handler>) {
        let mut report = self.report;
        let context = self.job.context.clone();
        let in_use = InUse::of(&context);
        #[cfg(feature = "upload")]
        context.remember_s3_config(&self.taken);
        let _ = self.job.streaming.set(handler.streams());
        self.job.starts(&handler);
        let items = handler
            .streams()
            .then(|| ItemSink::new(context.outbox().clone(), self.execution.repeats(&handler)));
        let mut call = Call {
            route: self.execution.dispatch.key_for(&self.taken),
            job: self.taken,
            context: context.clone(),
            in_use: in_use.clone(),
            state: self.execution.state.clone(),
            items: items.clone(),
            #[cfg(feature = "openai")]
            openai: None,
            extracted: Extracted::default(),
            seat: self.seat,
        };
        let mut was_called = false;
        let done = catch_panic(async {
            if self.execution.wraps(&handler) {
                let around = Arc::clone(&self.execution.around);
                let wrapped = Wrapped::new(&mut report.slot, &mut was_called);
                // Boxed, so that the task of a handler without wrappers stays small.
                return Box::pin(wrapped.run(around, Arc::clone(&handler), call)).await;
            }
            let running = handler.prepare(&mut call)?;
            drop(call);
            was_called = true;
            running.finish(items.clone(), &mut report.slot).await
        })
        .await;
        let (body, verdict) = CallEnd {
            handler: &handler,
            job: &self.job,
            done,
            was_called,
            items,
        }
        .into_body(&self.execution.reporter, self.execution.refresh);
        // The next job needs the space, and gets the slot now.
        drop(in_use);
        WorkerEvent::HandlerReturned { body: &body }.emit();
        report.finished(body, verdict);
    }

    /// Runs a plain `fn` handler on this thread, which may block, and reports that it has finished.
    fn run_blocking(self, handler: &Arc<Handler>) {
        let context = self.job.context.clone();
        if context.is_cancelled() {
            // The job was stopped while it waited for a thread.
            return;
        }
        let in_use = InUse::of(&context);
        #[cfg(feature = "upload")]
        context.remember_s3_config(&self.taken);
        let _ = self.job.streaming.set(false);
        self.job.starts(handler);
        let mut call = Call {
            route: self.execution.dispatch.key_for(&self.taken),
            job: self.taken,
            context: context.clone(),
            in_use: in_use.clone(),
            state: self.execution.state.clone(),
            items: None,
            #[cfg(feature = "openai")]
            openai: None,
            extracted: Extracted::default(),
            seat: None,
        };
        let mut was_called = false;
        let done = caught_now(|| {
            let running = handler.prepare(&mut call)?;
            drop(call);
            was_called = true;
            running.finish_here()
        })
        .unwrap_or_else(|panic| Err(Failure::from(panic)));
        if let (Err(failure), true) = (&done, context.is_cancelled()) {
            tracing::warn!("{}, after its job was stopped", failure.message);
        }
        let (body, verdict) = CallEnd {
            handler,
            job: &self.job,
            done,
            was_called,
            items: None,
        }
        .into_body(&self.execution.reporter, self.execution.refresh);
        drop(in_use);
        WorkerEvent::HandlerReturned { body: &body }.emit();
        self.report.finished(body, verdict);
    }
}

impl Report {
    fn finished(mut self, body: ResultBody, verdict: Verdict) {
        self.report(body, verdict);
    }

    fn report(&mut self, body: ResultBody, verdict: Verdict) {
        if let Some(job) = self.job.take() {
            self.execution.inbox.push(Event::Finished(Finished {
                job,
                body,
                verdict,
                slot: self.slot.take(),
            }));
        }
    }
}

impl Drop for Report {
    /// Reports a failure if nothing was reported before: the task panicked outside our code, its runtime was shut down,
    /// or the system refused its thread. The control thread already knows about the jobs that it has cancelled itself.
    fn drop(&mut self) {
        let Some(job) = self.job.clone() else {
            return;
        };
        if job.context.is_cancelled() {
            return;
        }
        let failure = if std::thread::panicking() {
            Failure::new(
                "panic",
                "the handler panicked while its values were dropped",
            )
        } else {
            Failure::new(
                "Shutdown",
                "the handler did not run to completion: the system refused its thread, or its runtime was shut down",
            )
        };
        let body = self
            .execution
            .failed(failure, job.streams(), self.execution.refresh);
        self.report(body, Verdict::None);
    }
}
