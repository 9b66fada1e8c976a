//! A job on a handler's thread: from its input to the body of its result.

use std::sync::Arc;

use tracing::{Instrument, Span};

use super::failures::Verdict;
use super::inbox::{Event, Inbox};
use super::jobs::Job;
use super::{Handlers, Shared};
use crate::handler::{
    Call, Dispatch, Done, Failure, Handler, ItemSink, Kind, Slot, StateCell, StreamEnd, TakenJob,
    catch_panic,
};
use crate::logging;
use crate::platform::{Outcome, Reporter, ResultBody};
use crate::process::panics::caught_now;
use crate::process::threads::spawn_blocking;

/// Inputs up to this many bytes are read on the control thread to find the handler of a routed job.
const SMALL_INPUT: usize = 16 << 10;

/// What came of a job's handler.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) job: Arc<Job>,
    pub(super) body: ResultBody,
    pub(super) verdict: Verdict,
    /// Free as soon as this is dropped.
    pub(super) slot: Option<Slot>,
}

/// All that a handler's thread needs.
struct Run {
    job: Arc<Job>,
    taken: TakenJob,
    dispatch: Dispatch,
    state: Option<StateCell>,
    aggregate: bool,
    refresh: bool,
    reporter: Reporter,
    report: Report,
}

/// Reports the end of a job's handler to the control thread, also if the task is dropped before.
struct Report {
    inbox: Arc<Inbox>,
    /// Until it was reported.
    job: Option<Arc<Job>>,
    slot: Option<Slot>,
    reporter: Reporter,
    refresh: bool,
}

/// Runs the job's handler on the handlers' threads.
pub(super) fn start(shared: &Shared, job: &Arc<Job>, taken: TakenJob, slot: Slot) {
    let run = Run {
        job: Arc::clone(job),
        dispatch: shared.dispatch.clone(),
        state: shared.state.clone(),
        aggregate: shared.aggregate,
        refresh: shared.refresh_worker,
        reporter: shared.reporter.clone(),
        report: Report {
            inbox: Arc::clone(&shared.inbox),
            job: Some(Arc::clone(job)),
            slot: Some(slot),
            reporter: shared.reporter.clone(),
            refresh: shared.refresh_worker,
        },
        taken,
    };
    let span = logging::job_span(&run.taken.id, run.taken.batch_id());
    let task = run.spawn(&shared.handlers, span);
    if let Some(task) = task {
        shared.jobs.runs(job, task);
    }
}

impl Run {
    fn spawn(self, handlers: &Handlers, span: Span) -> Option<tokio::task::AbortHandle> {
        let handle = handlers.handle();
        let must_read_input =
            self.dispatch.reads_input() && self.taken.input.get().len() > SMALL_INPUT;
        if must_read_input {
            return Some(
                handle
                    .spawn(self.find_and_run().instrument(span))
                    .abort_handle(),
            );
        }
        let handler = match self.dispatch.find(&self.taken) {
            Ok(handler) => handler,
            Err(failure) => {
                self.fail_without_handler(failure);
                return None;
            }
        };
        if handler.kind != Kind::Blocking {
            return Some(
                handle
                    .spawn(self.run(handler).instrument(span))
                    .abort_handle(),
            );
        }
        let spawned = spawn_blocking(handle, move || {
            span.in_scope(|| self.run_blocking(&handler));
        });
        match spawned {
            Ok(task) => Some(task.abort_handle()),
            // The closure is gone, and has reported that the handler did not run.
            Err(refused) => {
                tracing::error!("a handler was not called: {refused}");
                None
            }
        }
    }

    async fn find_and_run(self) {
        match self.dispatch.find(&self.taken) {
            Ok(handler) => self.run(handler).await,
            Err(failure) => self.fail_without_handler(failure),
        }
    }

    fn fail_without_handler(self, failure: Failure) {
        let failure = failure.at("while the job's handler was looked for");
        let body = self
            .reporter
            .result(Outcome::Failed(failure), false, self.refresh, None);
        self.report.finished(body, Verdict::None);
    }

    /// Runs the handler; whatever it does, its end is reported.
    async fn run(self, handler: Arc<Handler>) {
        let mut report = self.report;
        let context = self.job.context.clone();
        let _ = self.job.streaming.set(handler.streams());
        tracing::info!("Started.");
        let items = handler
            .streams()
            .then(|| ItemSink::new(context.outbox().clone(), self.aggregate));
        let mut call = Call {
            job: self.taken,
            route: self.dispatch.key(),
            context: context.clone(),
            state: self.state,
            items: items.clone(),
        };
        let mut was_called = false;
        let done = catch_panic(async {
            let running = (handler.call)(&mut call)?;
            drop(call);
            was_called = true;
            running.finish(items.clone(), &mut report.slot).await
        })
        .await;
        let (body, verdict) = Ended {
            handler: &handler,
            job: &self.job,
            done,
            was_called,
            items,
        }
        .into_body(&self.reporter, self.refresh);
        report.finished(body, verdict);
    }

    /// The same for a plain `fn`, on this thread, which may block.
    fn run_blocking(self, handler: &Handler) {
        let context = self.job.context.clone();
        if context.is_cancelled() {
            // The job was stopped while it waited for a thread.
            return;
        }
        let _ = self.job.streaming.set(false);
        tracing::info!("Started.");
        let mut call = Call {
            job: self.taken,
            route: self.dispatch.key(),
            context: context.clone(),
            state: self.state,
            items: None,
        };
        let mut was_called = false;
        let done = caught_now(|| {
            let running = (handler.call)(&mut call)?;
            drop(call);
            was_called = true;
            running.finish_here()
        })
        .unwrap_or_else(|panic| Err(Failure::from(panic)));
        if let (Err(failure), true) = (&done, context.is_cancelled()) {
            tracing::warn!("{}, after its job was stopped", failure.message);
        }
        let (body, verdict) = Ended {
            handler,
            job: &self.job,
            done,
            was_called,
            items: None,
        }
        .into_body(&self.reporter, self.refresh);
        self.report.finished(body, verdict);
    }
}

/// How a handler's call ended.
struct Ended<'a> {
    handler: &'a Handler,
    job: &'a Job,
    done: Result<Done, Failure>,
    was_called: bool,
    items: Option<ItemSink>,
}

impl Ended<'_> {
    fn into_body(self, reporter: &Reporter, refresh: bool) -> (ResultBody, Verdict) {
        // What else the handler has started sends nothing more: the result is the last word of the job.
        if let Some(outbox) = self.job.context.outbox_in_use() {
            outbox.close();
        }
        let outcome = match self.done {
            Ok(Done::Value(value)) => Outcome::Value(value),
            Ok(Done::Stream(StreamEnd::Failed(failure))) | Err(failure) => {
                Outcome::Failed(failure.at(format!("in handler {}", self.handler)))
            }
            Ok(Done::Stream(end)) => Outcome::Stream {
                end,
                items: self.items.map_or_else(Vec::new, |it| it.collected()),
            },
        };
        let context = Some(&self.job.context);
        let was_cancelled = matches!(
            outcome,
            Outcome::Stream {
                end: StreamEnd::Cancelled,
                ..
            }
        );
        let body = reporter.result(outcome, self.handler.streams(), refresh, context);
        let verdict = if !self.was_called || was_cancelled {
            Verdict::None
        } else if body.error.is_some() {
            Verdict::Failed
        } else {
            Verdict::Succeeded
        };
        (body, verdict)
    }
}

impl Report {
    fn finished(mut self, body: ResultBody, verdict: Verdict) {
        self.report(body, verdict);
    }

    fn report(&mut self, body: ResultBody, verdict: Verdict) {
        if let Some(job) = self.job.take() {
            self.inbox.push(Event::Finished(Finished {
                job,
                body,
                verdict,
                slot: self.slot.take(),
            }));
        }
    }
}

impl Drop for Report {
    /// The task ended without a result: it panicked where no code of ours is, its runtime was shut down, or no thread was to
    /// be had. If it was interrupted, the control thread knows.
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
                "the handler panicked while what it held was dropped",
            )
        } else {
            Failure::new(
                "Shutdown",
                "the handler was not run to its end: its thread was refused, or its runtime was shut down",
            )
        };
        let outcome = Outcome::Failed(failure);
        let body = self
            .reporter
            .result(outcome, job.streams(), self.refresh, None);
        self.report(body, Verdict::None);
    }
}
