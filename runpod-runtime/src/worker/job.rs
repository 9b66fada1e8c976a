//! One job from its arrival until nothing is left to do for it.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::Shared;
use super::book::{JobSlot, Ticket};
use super::deliver::{self, Parcel};
use super::emit::{NotSent, emitted};
use super::failures::Verdict;
use super::on_disk::OnDisk;
use super::run::{Made, Run, Said};
use super::stopping::Unhealthy;
use crate::handler::{
    Call, CancelReason, ContextParts, Failure, Handler, ItemSink, JobContext, Outbox, Payload,
    Slot, TakenJob,
};
use crate::logging;
use crate::panics::{Panic, caught};
use crate::platform::Outcome;
use crate::platform::spool::Record;

/// To look for the handler in a larger input takes longer than a heartbeat should wait.
const LARGE_INPUT: usize = 16 << 10;

/// A job that is here already.
#[derive(Debug)]
pub(super) struct Again {
    pub(super) id: String,
}

/// Starts a job: at once if a slot is free, else as soon as one is.
///
/// # Errors
///
/// When the job is here already.
pub(super) fn start(shared: &Arc<Shared>, job: TakenJob) -> Result<(), Again> {
    let Some((ticket, place)) = shared.book.admit(&job.id) else {
        return Err(Again { id: job.id });
    };
    let slot = shared.book.slot();
    let span = logging::job_span(&job.id, job.batch_id());
    let shared = Arc::clone(shared);
    tokio::spawn(
        async move {
            let _place = place;
            let id = job.id.clone();
            let on_disk = OnDisk::new(shared.spool.as_ref());
            let followed = follow(&shared, job, ticket.clone(), slot, on_disk.clone());
            if let Err(panic) = caught(followed).await {
                abandon(&shared, &id, &ticket, &on_disk, &panic).await;
            }
        }
        .instrument(span),
    );
    Ok(())
}

/// The worker's own code has panicked on the job's way. The job is failed, unless its result is known already. Either way
/// nobody is to offer the copy that it may have.
async fn abandon(shared: &Arc<Shared>, id: &str, ticket: &Ticket, on_disk: &OnDisk, panic: &Panic) {
    let place = panic.place.as_deref().unwrap_or("an unknown place");
    let message = format!(
        "the worker panicked while it worked on this job: {} (at {place}); this is a bug in runpod-worker",
        panic.message
    );
    let message = shared.reporter.redacted(&message);
    tracing::error!(job_id = id, "{message}");
    let told = caught(async {
        if ticket.is_answered() {
            on_disk.settle().await;
            return;
        }
        let failure = Failure::new("WorkerError", message.as_ref());
        let made = failed(shared, id, failure, false, &on_disk.replaced());
        let parcel = sent_off(shared, id, false, made, None);
        on_disk.settle().await;
        // A ticket of its own: the job's may be what went wrong.
        deliver::result(shared, parcel, &Ticket::default()).await;
    });
    if let Err(panic) = told.await {
        tracing::error!(
            job_id = id,
            "the client cannot be told that the job failed: the worker panicked again: {}",
            panic.message
        );
    }
}

async fn follow(
    shared: &Arc<Shared>,
    job: TakenJob,
    ticket: Ticket,
    slot: oneshot::Receiver<JobSlot>,
    on_disk: OnDisk,
) {
    let id = job.id.clone();
    let job = Arc::new(job);
    let handler = match find_handler(shared, &job).await {
        Ok(handler) => handler,
        Err(failure) => {
            let failure = failure.at("while the job's handler was looked for");
            let made = failed(shared, &id, failure, false, &on_disk);
            // The slot, or the wait for one, ends as any other job's: not as late as the delivery.
            let slot = Arc::new(slot) as Slot;
            deliver_made(shared, &id, false, made, Some(slot), &ticket).await;
            return;
        }
    };
    let streaming = handler.streams();
    let slot = tokio::select! {
        biased;
        reason = ticket.cancelled() => {
            if reason == CancelReason::Shutdown {
                let made = failed(shared, &id, out_of_time("started"), streaming, &on_disk);
                deliver_made(shared, &id, streaming, made, None, &ticket).await;
            } else {
                tracing::info!("Job stopped before it was started.");
            }
            return;
        }
        // The book, which gives it, lives as long as the worker.
        Ok(slot) = slot => Arc::new(slot) as Slot,
    };
    match execute(shared, handler, job, &ticket, Arc::clone(&slot), &on_disk).await {
        Executed::Made(made) => {
            deliver_made(shared, &id, streaming, made, Some(slot), &ticket).await;
        }
        Executed::Stopped => {
            // Its handler may have ended at the same moment.
            on_disk.settle().await;
            tracing::info!("Job stopped.");
        }
        Executed::Unfinished { made, items, why } => {
            let parcel = sent_off(shared, &id, streaming, made, Some(slot));
            deliver::leave_unfinished(parcel, &items, &why).await;
        }
    }
}

/// The handler for a job. A large input is read on the handlers' runtime, so that it holds up neither heartbeats nor takes.
async fn find_handler(shared: &Arc<Shared>, job: &Arc<TakenJob>) -> Result<Arc<Handler>, Failure> {
    if !shared.dispatch.reads_input() || job.input.get().len() < LARGE_INPUT {
        return shared.dispatch.find(job);
    }
    let (of, job) = (Arc::clone(shared), Arc::clone(job));
    let found = shared
        .handlers
        .handle()
        .spawn(async move { of.dispatch.find(&job) });
    found
        .await
        .unwrap_or_else(|error| Err(no_result(Err(error))))
}

fn out_of_time(what: &str) -> Failure {
    let message = format!(
        "the worker shut down before this job was {what}: its time to finish (RUNPOD_SHUTDOWN_GRACE_S) was over"
    );
    Failure::new("Shutdown", message)
}

async fn deliver_made(
    shared: &Shared,
    id: &str,
    streaming: bool,
    made: Made,
    slot: Option<Slot>,
    ticket: &Ticket,
) {
    // The slot is held until then: a kill costs no more than what is in the slots.
    made.on_disk.is_there_or_late().await;
    let parcel = sent_off(shared, id, streaming, made, slot);
    deliver::result(shared, parcel, ticket).await;
}

/// The job's handler has ended: says so in the log, draws the conclusions for the worker, and frees the slot.
pub(super) fn sent_off(
    shared: &Shared,
    id: &str,
    streaming: bool,
    made: Made,
    slot: Option<Slot>,
) -> Parcel {
    match made.error {
        Some(Said {
            text,
            without_data: Some(without_data),
        }) => {
            tracing::error!(job_id = id, "Job failed: {without_data}");
            tracing::debug!(job_id = id, "{text}");
        }
        Some(Said { text, .. }) => tracing::error!(job_id = id, "Job failed: {text}"),
        None => {}
    }
    // Before the slot is free: else another job could be taken by a worker that must not run it.
    if made.stop_pod {
        tracing::info!("no further job is taken: this worker is to be refreshed");
        shared.stopping.refresh();
    }
    if let Some(reason) = shared.failures.count(made.verdict) {
        tracing::error!("this worker is broken: {reason}");
        shared.stopping.declare_unhealthy(Unhealthy {
            check: "max_consecutive_failures",
            reason,
        });
    }
    shared.book.delivering(id, made.body.len());
    drop(slot);
    Parcel {
        id: id.to_owned(),
        worker_id: Arc::clone(&shared.worker_id),
        streaming,
        body: made.body,
        on_disk: made.on_disk,
        quiet: false,
    }
}

/// How it went with a job up to its result.
enum Executed {
    Made(Made),
    /// The platform no longer wants it.
    Stopped,
    /// The worker ends before all stream items were delivered.
    Unfinished {
        made: Made,
        items: Vec<Arc<Payload>>,
        why: String,
    },
}

/// Runs the job's handler and sends off what it emits.
async fn execute(
    shared: &Arc<Shared>,
    handler: Arc<Handler>,
    job: Arc<TakenJob>,
    ticket: &Ticket,
    slot: Slot,
    on_disk: &OnDisk,
) -> Executed {
    let id = job.id.clone();
    let streaming = handler.streams();
    let outbox = Outbox::new();
    let run = Run {
        handler,
        call: Call {
            context: context(shared, &id, &outbox, ticket),
            job,
            route: shared.dispatch.key(),
            state: shared.state.clone(),
            items: ItemSink::new(outbox.clone(), shared.aggregate),
            slot,
        },
        outbox: outbox.clone(),
        reporter: shared.reporter.clone(),
        refresh: shared.refresh_worker,
        on_disk: on_disk.clone(),
        worker_id: Arc::clone(&shared.worker_id),
    };
    tracing::info!("Started.");
    let (sender, made) = oneshot::channel();
    let task = shared
        .handlers
        .handle()
        .spawn(run.result_into(sender).instrument(tracing::Span::current()));
    let mut task = AbortOnDrop(task);

    // What the handler emits leaves while it runs; the channel is closed when it has ended, and then emptied.
    let handler_side = async {
        let made = tokio::select! {
            biased;
            // Without a result the task has panicked where no code of ours is, or its runtime was shut down.
            made = made => Some(if let Ok(made) = made {
                made
            } else {
                let failure = no_result((&mut task.0).await);
                failed(shared, &id, failure, streaming, on_disk)
            }),
            reason = ticket.cancelled() => {
                task.0.abort();
                (reason == CancelReason::Shutdown)
                    .then(|| failed(shared, &id, out_of_time("finished"), streaming, on_disk))
            }
        };
        if let Some(made) = &made {
            // From here on there is nothing that could be cut off.
            shared.book.delivering(&id, made.body.len());
            outbox.close();
        } else {
            outbox.discard();
        }
        made
    };
    let emitted_side = async {
        tokio::select! {
            biased;
            () = ticket.stopped() => {
                outbox.discard();
                Ok(())
            }
            sent = emitted(shared, &id, &outbox) => sent,
        }
    };
    let (made, sent) = tokio::join!(handler_side, emitted_side);
    let Some(made) = made else {
        return Executed::Stopped;
    };
    match sent {
        Ok(()) => Executed::Made(made),
        Err(NotSent::Ended(why)) => Executed::Unfinished {
            made,
            items: outbox.undelivered(),
            why,
        },
        Err(NotSent::Hole(why)) => {
            let failure = Failure::new("StreamError", why);
            let instead = failed(shared, &id, failure, streaming, &on_disk.replaced());
            on_disk.settle().await;
            Executed::Made(instead)
        }
    }
}

/// A handler's task. Whoever followed it and is gone, in a panic at worst, leaves no handler behind that nobody asks after.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn context(shared: &Arc<Shared>, id: &str, outbox: &Outbox, ticket: &Ticket) -> JobContext {
    let stopping = shared.stopping.clone();
    let reporter = shared.reporter.clone();
    JobContext::new(ContextParts {
        job_id: id.into(),
        worker_id: Arc::clone(&shared.worker_id),
        outbox: outbox.clone(),
        cancel: ticket.cancel.clone(),
        reason: Arc::clone(&ticket.reason),
        unhealthy: Arc::new(move |reason| {
            stopping.declare_unhealthy(Unhealthy {
                check: "handler",
                reason: reporter.redacted(&reason).into_owned(),
            });
        }),
    })
}

fn no_result(ended: Result<(), tokio::task::JoinError>) -> Failure {
    match ended {
        Err(error) if error.is_panic() => Failure::new(
            "panic",
            "the handler panicked while what it held was dropped",
        ),
        _ => Failure::new("Shutdown", "the handlers' runtime was shut down"),
    }
}

/// The result of a job whose failure is the worker's to tell, and `on_disk` its copy.
pub(super) fn failed(
    shared: &Shared,
    id: &str,
    failure: Failure,
    streaming: bool,
    on_disk: &OnDisk,
) -> Made {
    let body = shared.reporter.result(
        &Outcome::Failed(failure),
        streaming,
        shared.refresh_worker,
        None,
    );
    let made = Made::of(body, Verdict::None, on_disk.clone());
    on_disk.write_soon(Record {
        job_id: id.to_owned(),
        worker_id: shared.worker_id.to_string(),
        is_stream: streaming,
        items: Vec::new(),
        body: made.body.clone(),
    });
    made
}
