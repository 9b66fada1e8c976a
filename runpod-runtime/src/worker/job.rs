//! One job from its arrival until nothing is left to do for it.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::Shared;
use super::book::Ticket;
use super::deliver;
use super::run::run;
use crate::handler::{
    Call, CancelReason, Context, ContextParts, Failure, Handler, ItemSink, Outbox, Slot, TakenJob,
};
use crate::logging;
use crate::platform::{BrokenJob, Outcome, ResultBody};

/// Starts a job in a slot of its own.
pub(super) fn start(shared: &Arc<Shared>, job: TakenJob) {
    let Some((ticket, slot)) = shared.book.admit(&job.id) else {
        tracing::warn!(
            job_id = job.id,
            "the platform handed this job over again; it is not run twice"
        );
        return;
    };
    let span = logging::job_span(&job.id, job.batch_id());
    let shared = Arc::clone(shared);
    tokio::spawn(
        async move {
            let id = job.id.clone();
            follow(&shared, job, ticket, slot).await;
            shared.book.remove(&id);
        }
        .instrument(span),
    );
}

/// Tells the client of a job that cannot be run, where its id is known; else there is nobody to tell.
pub(super) fn refuse(shared: &Arc<Shared>, broken: BrokenJob) {
    let Some(id) = broken.id else {
        tracing::error!(
            "a job cannot be run and its client cannot be told: {}",
            broken.reason
        );
        return;
    };
    tracing::error!(job_id = id, "the job cannot be run: {}", broken.reason);
    let Some((ticket, slot)) = shared.book.admit(&id) else {
        return;
    };
    let failure = Failure::new(
        "JobError",
        format!("the job cannot be run: {}", broken.reason),
    )
    .at("in the job as the platform sent it");
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let body = failed(&shared, failure, false);
        shared.book.delivering(&id);
        drop(slot);
        deliver::result(&shared, &id, false, body, &ticket).await;
        shared.book.remove(&id);
    });
}

async fn follow(shared: &Arc<Shared>, job: TakenJob, ticket: Ticket, slot: Slot) {
    let id = job.id.clone();
    let (streaming, body) = match shared.dispatch.find(&job) {
        Err(failure) => {
            let failure = failure.at("while the job's handler was looked for");
            (false, failed(shared, failure, false))
        }
        Ok(handler) => {
            let streaming = handler.streams();
            let executed = execute(shared, handler, job, &ticket, Arc::clone(&slot)).await;
            let Some(body) = executed else {
                tracing::info!("Job stopped.");
                return;
            };
            (streaming, body)
        }
    };
    // Before the slot is free: else another job could be taken by a worker that must not run it.
    if body.stop_pod {
        tracing::info!("no further job is taken: this worker is to be refreshed");
        shared.stopping.begin();
    }
    shared.book.delivering(&id);
    drop(slot);
    deliver::result(shared, &id, streaming, body, &ticket).await;
}

/// Runs the job's handler and sends off what it emits. Nothing when the platform no longer wants the job.
async fn execute(
    shared: &Arc<Shared>,
    handler: Arc<Handler>,
    job: TakenJob,
    ticket: &Ticket,
    slot: Slot,
) -> Option<ResultBody> {
    let id = job.id.clone();
    let streaming = handler.streams();
    let outbox = Outbox::new();
    let context = Context::new(ContextParts {
        job_id: id.as_str().into(),
        worker_id: Arc::clone(&shared.worker_id),
        outbox: outbox.clone(),
        cancel: ticket.cancel.clone(),
        reason: Arc::clone(&ticket.reason),
    });
    let call = Call {
        job: Arc::new(job),
        context: context.clone(),
        state: shared.state.clone(),
        items: ItemSink::new(outbox.clone(), shared.aggregate),
        slot,
    };
    tracing::info!("Started.");
    let handler_run = run(
        handler,
        call,
        shared.reporter.clone(),
        shared.refresh_worker,
    );
    let mut task = shared
        .handlers
        .handle()
        .spawn(handler_run.instrument(tracing::Span::current()));

    // What the handler emits leaves while it runs; the channel is closed when it has ended, and then emptied.
    let gone = CancellationToken::new();
    let handler_side = async {
        let ended = tokio::select! {
            biased;
            ended = &mut task => Some(ended.unwrap_or_else(|_| {
                failed(shared, Failure::new("Shutdown", "the handlers' runtime was shut down"), streaming)
            })),
            reason = ticket.cancelled() => {
                task.abort();
                (reason == CancelReason::Shutdown).then(|| {
                    let message = "the worker shut down before this job was finished: its time to finish \
                                   (RUNPOD_SHUTDOWN_GRACE_S) was over";
                    failed(shared, Failure::new("Shutdown", message), streaming)
                })
            }
        };
        if ended.is_some() {
            outbox.close();
        } else {
            outbox.discard();
            gone.cancel();
        }
        ended
    };
    let emitted_side = async {
        tokio::select! {
            sent = deliver::emitted(shared, &id, &outbox) => sent,
            () = gone.cancelled() => Ok(()),
        }
    };
    let (ended, sent) = tokio::join!(handler_side, emitted_side);
    if let Some(reason) = context.unhealthy_reason() {
        shared.stopping.declare_unhealthy(reason);
    }
    let body = ended?;
    Some(match sent {
        Ok(()) => body,
        Err(why) => failed(shared, Failure::new("StreamError", why), streaming),
    })
}

/// The result of a job whose failure is the worker's to tell.
fn failed(shared: &Shared, failure: Failure, streaming: bool) -> ResultBody {
    shared.reporter.result(
        &Outcome::Failed(failure),
        streaming,
        shared.refresh_worker,
        None,
    )
}
