//! One job on the control thread, from its arrival until nothing is left to do for it.

use std::sync::Arc;

use super::deliver::{self, deliver_job};
use super::emit::{NotSent, emitted};
use super::execute::{self, Finished};
use super::failures::Verdict;
use super::inbox::Event;
use super::jobs::{InTable, Interrupted, Job};
use super::stopping::Unhealthy;
use super::{Shared, thread_panicked};
use crate::handler::{CancelReason, Failure, JobContext, TakenJob};
use crate::platform::{Outcome, ResultBody};
use crate::process::panics::{Panic, caught, caught_now};
use crate::spool::{Copy, JobResult};

/// A job that is here already.
#[derive(Debug)]
pub(super) struct Duplicate {
    pub(super) id: Arc<str>,
}

/// Takes a job in. It runs as soon as it has a slot ([`start_waiting`]).
///
/// # Errors
///
/// When the job is here already.
pub(super) fn accept(shared: &Arc<Shared>, taken: TakenJob) -> Result<(), Duplicate> {
    let id: Arc<str> = taken.id.as_str().into();
    match admit(shared, &id) {
        Some(job) => {
            shared.jobs.wait_for_slot(job, taken);
            Ok(())
        }
        None => Err(Duplicate { id }),
    }
}

pub(super) fn admit(shared: &Shared, id: &Arc<str>) -> Option<Arc<Job>> {
    let worker_id = Arc::clone(&shared.worker_id);
    let context = JobContext::new(Arc::clone(id), worker_id, Arc::clone(&shared.link) as _);
    shared.jobs.admit(context, Copy::new(shared.spool.as_ref()))
}

/// Runs the jobs that wait, for as long as there are slots.
pub(super) fn start_waiting(shared: &Arc<Shared>) {
    while let Some((job, taken, slot)) = shared.jobs.next_to_run() {
        execute::start(shared, &job, taken, slot);
    }
}

/// Works off what the handlers' threads report, until the worker ends.
pub(super) async fn receive(shared: Arc<Shared>) {
    loop {
        for event in shared.inbox.next().await {
            let worked_off = caught_now(|| match event {
                Event::Finished(finished) => finish(&shared, finished),
                Event::Emits(id) => send_emitted(&shared, &id),
            });
            if let Err(panic) = worked_off {
                tracing::error!("{}", thread_panicked(&shared, &panic));
            }
        }
    }
}

/// A job's handler has ended: says so in the log, draws the conclusions for the worker, frees the slot, and sends the result
/// on its way.
pub(super) fn finish(shared: &Arc<Shared>, finished: Finished) {
    let Finished {
        job,
        body,
        verdict,
        slot,
    } = finished;
    if !shared.jobs.begin_delivery(&job, body.body.len()) {
        return;
    }
    log_failure(job.id(), &body);
    // Before the slot is free: else another job could be taken by a worker that must not run it.
    if body.stop_pod {
        tracing::info!("no further job is taken: this worker is to be refreshed");
        shared.stopping.refresh();
    }
    if let Some(reason) = shared.failures.count(verdict) {
        tracing::error!("this worker is broken: {reason}");
        shared.stopping.declare_unhealthy(Unhealthy {
            check: "max_consecutive_failures",
            reason,
        });
    }
    drop(slot);
    let result = JobResult {
        job_id: Arc::clone(job.id()),
        worker_id: Arc::clone(&shared.worker_id),
        streaming: job.streams(),
        items: Vec::new(),
        body: body.body,
    };
    shared.fresh.push(&job, &result);
    match job.context.outbox_in_use() {
        // The task that sends what the job has emitted goes on with the result.
        Some(outbox) if outbox.is_read() => {
            job.hand_over(result);
            outbox.end();
        }
        _ => follow(shared, job, |shared, job| async move {
            deliver_job(&shared, &job, result).await;
        }),
    }
}

fn log_failure(id: &str, body: &ResultBody) {
    match (&body.error, &body.without_data) {
        (Some(text), Some(without_data)) => {
            tracing::error!(job_id = id, "Job failed: {without_data}");
            tracing::debug!(job_id = id, "{text}");
        }
        (Some(text), None) => tracing::error!(job_id = id, "Job failed: {text}"),
        (None, _) => {}
    }
}

/// Sends what a job emits while it runs, and then its result.
fn send_emitted(shared: &Arc<Shared>, id: &str) {
    let Some(job) = shared.jobs.get(id) else {
        return;
    };
    follow(shared, job, |shared, job| async move {
        let outbox = job.context.outbox();
        let sent = tokio::select! {
            biased;
            () = job.context.cancel().stopped() => Ok(()),
            sent = emitted(&shared, job.id(), outbox) => sent,
        };
        let Some(result) = job.result().await else {
            outbox.discard();
            return;
        };
        match sent {
            Ok(()) => deliver_job(&shared, &job, result).await,
            Err(NotSent::Hole(why)) => {
                let failure = Failure::new("StreamError", why);
                let instead = failed(&shared, &job, failure);
                log_failure(job.id(), &instead);
                let result = JobResult {
                    body: instead.body,
                    ..result
                };
                job.copy.keep(result.clone());
                deliver_job(&shared, &job, result).await;
            }
            Err(NotSent::Ended(why)) => {
                let items = deliver::item_bodies(&outbox.undelivered());
                deliver::leave(&job.copy, JobResult { items, ..result }, &why).await;
            }
        }
    });
}

/// Follows a job in a task of its own, after which nothing is left to do for it. If the worker's own code panics there, the
/// job fails.
pub(super) fn follow<F>(
    shared: &Arc<Shared>,
    job: Arc<Job>,
    task: impl FnOnce(Arc<Shared>, Arc<Job>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let followed = Box::pin(task(Arc::clone(shared), Arc::clone(&job)));
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let followed = caught(followed).await;
        let _place = InTable(&shared.jobs, &job);
        if let Err(panic) = followed {
            Box::pin(abandon(&shared, &job, &panic)).await;
        }
    });
}

/// The worker's own code has panicked on the job's way. The job is failed, unless its result is known already. Either way
/// nobody is to offer the copy that it may have.
async fn abandon(shared: &Arc<Shared>, job: &Arc<Job>, panic: &Panic) {
    let message = thread_panicked(shared, panic);
    tracing::error!(job_id = &**job.id(), "{message}");
    if let Some(Interrupted::Running | Interrupted::BeforeItsStart) = shared.jobs.interrupt(job) {
        job.cancel(CancelReason::Shutdown);
        shared.jobs.begin_delivery(job, 0);
    }
    let told = caught(async {
        if !job.is_answered() {
            let body = failed(shared, job, Failure::new("WorkerError", message));
            let result = result_of(shared, job, body);
            job.copy.keep(result.clone());
            deliver_job(shared, job, result).await;
        }
        job.copy.settle();
    });
    if let Err(panic) = told.await {
        job.copy.settle();
        tracing::error!(
            job_id = &**job.id(),
            "the client cannot be told that the job failed: the worker panicked again: {}",
            panic.message
        );
    }
}

/// The platform no longer wants the job. False if there is no job of this id that is not cancelled yet.
pub(super) fn stop(shared: &Arc<Shared>, id: &str) -> bool {
    let Some(job) = shared.jobs.get(id) else {
        return false;
    };
    if !job.cancel(CancelReason::Stopped) {
        return false;
    }
    match shared.jobs.interrupt(&job) {
        Some(Interrupted::BeforeItsStart) => {
            tracing::info!(job_id = id, "Job stopped before it was started.");
        }
        Some(Interrupted::Running) => tracing::info!(job_id = id, "Job stopped."),
        // Whoever delivers its result notices.
        None => return true,
    }
    if let Some(outbox) = job.context.outbox_in_use() {
        outbox.discard();
    }
    shared.jobs.remove(&job);
    true
}

/// The time to finish is over: all jobs that wait or run are failed jobs. How many.
pub(super) fn cut_off(shared: &Arc<Shared>) -> usize {
    let mut cut = 0;
    for job in shared.jobs.unfinished() {
        job.cancel(CancelReason::Shutdown);
        let Some(interrupted) = shared.jobs.interrupt(&job) else {
            continue;
        };
        let what = match interrupted {
            Interrupted::BeforeItsStart => "started",
            Interrupted::Running => "finished",
        };
        let message = format!(
            "the worker shut down before this job was {what}: its time to finish (RUNPOD_SHUTDOWN_GRACE_S) was over"
        );
        let body = failed(shared, &job, Failure::new("Shutdown", message));
        finish(
            shared,
            Finished {
                job,
                body,
                verdict: Verdict::None,
                slot: None,
            },
        );
        cut += 1;
    }
    cut
}

/// The result of a job whose failure is the worker's to tell.
pub(super) fn failed(shared: &Shared, job: &Job, failure: Failure) -> ResultBody {
    let outcome = Outcome::Failed(failure);
    let refresh = shared.refresh_worker;
    shared
        .reporter
        .result(outcome, job.streams(), refresh, None)
}

pub(super) fn result_of(shared: &Shared, job: &Job, body: ResultBody) -> JobResult {
    JobResult {
        job_id: Arc::clone(job.id()),
        worker_id: Arc::clone(&shared.worker_id),
        streaming: job.streams(),
        items: Vec::new(),
        body: body.body,
    }
}
