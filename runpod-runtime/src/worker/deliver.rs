//! Delivers a job's result: posts it until the platform accepts it, or leaves it in the spool.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::control::Control;
use super::events::WorkerEvent;
use super::jobs::Job;
use super::retry::{Delivery, FIRST_DELIVERY, RetryLimits, attempt, try_again, until_accepted};
use crate::handler::Failure;
use crate::platform::{Post, PostKind, Posted};
use crate::spool::{DiskCopy, JobResult};

/// Creates the post of a result.
pub(super) fn post_of(result: &JobResult) -> Post {
    Post {
        job_id: Arc::clone(&result.job_id),
        worker_id: Arc::clone(&result.worker_id),
        kind: PostKind::Result {
            streaming: result.streaming,
        },
        body: result.body.clone(),
    }
}

/// Delivers a job's result unless the job is stopped. Returns when the platform has the result, when the spool has it,
/// or when the platform does not want it.
pub(super) async fn deliver_job(control: &Control, job: &Job, result: JobResult) {
    let post = post_of(&result);
    let begun = Instant::now();
    let first = tokio::select! {
        biased;
        () = job.context.cancel().stopped() => return stopped(job),
        posted = attempt(control, &post) => posted,
    };
    if matches!(first, Some(Posted::Accepted)) {
        control.recent.accepted_after(begun.elapsed());
        accepted(job);
        job.copy.settle();
        return;
    }
    // Boxed because it is rarely needed, and a task is as large as its largest part.
    let rest = Box::pin(deliver(control, job, result, (begun, first)));
    tokio::select! {
        biased;
        () = job.context.cancel().stopped() => stopped(job),
        () = rest => {}
    }
}

fn stopped(job: &Job) {
    tracing::info!(
        job_id = &**job.id(),
        "Job stopped: its result is no longer wanted."
    );
    job.copy.settle();
}

/// The platform has accepted the job's result. No other result of the job may follow.
fn accepted(job: &Job) {
    job.set_answered();
    WorkerEvent::ResultAccepted {
        job_id: job.id(),
        ran: job.streaming.get().is_some(),
    }
    .emit();
}

/// Continues after the first attempt. `first` contains the time when that attempt started, and its outcome.
pub(super) async fn deliver(
    control: &Control,
    job: &Job,
    mut result: JobResult,
    first: (Instant, Option<Posted>),
) {
    let refresh = job.wants_fresh_worker.load(Ordering::Relaxed);
    let delivery = match try_again(control, &post_of(&result), FIRST_DELIVERY, first).await {
        Delivery::Refused(why) => {
            post_refusal(
                control,
                &mut result,
                &job.copy,
                FIRST_DELIVERY,
                (&why, refresh),
            )
            .await
        }
        delivery => delivery,
    };
    match &delivery {
        Delivery::Accepted => accepted(job),
        Delivery::NotWanted(_) => job.set_answered(),
        _ => {}
    }
    if let Err(why) = settled(delivery, &result, &job.copy) {
        leave(&job.copy, result, &why).await;
    }
}

/// Replaces a refused result by a failed one and posts it, so that the client gets an answer. `refresh` says whether it
/// asks for a fresh worker.
pub(super) async fn post_refusal(
    control: &Control,
    result: &mut JobResult,
    copy: &DiskCopy,
    limits: RetryLimits,
    (why, refresh): (&str, bool),
) -> Delivery {
    tracing::error!(job_id = &*result.job_id, "the result was refused: {why}");
    let failure = Failure::new(
        "ResultRefused",
        format!("the job finished, but its result was not accepted: {why}"),
    )
    .at("while delivering the result");
    result.body = control
        .execution
        .failed(failure, result.streaming, refresh)
        .body;
    copy.keep(result.clone());
    until_accepted(control, &post_of(result), limits).await
}

/// Settles the result if its delivery is over.
///
/// # Errors
///
/// Returns the reason if the platform did not accept the result but may accept it later.
pub(super) fn settled(
    delivery: Delivery,
    result: &JobResult,
    copy: &DiskCopy,
) -> Result<(), String> {
    match delivery {
        Delivery::Accepted => {}
        Delivery::Refused(why) => tracing::error!(
            job_id = &*result.job_id,
            "the failed result was refused too, so the job ends without a result: {why}"
        ),
        Delivery::NotWanted(why) => tracing::warn!(
            job_id = &*result.job_id,
            "the platform no longer wants the job's result: {why}"
        ),
        Delivery::Unknown(why) | Delivery::GaveUp(why) | Delivery::Ended(why) => return Err(why),
    }
    copy.settle();
    Ok(())
}

/// Leaves a result in the spool, together with the stream items that the platform does not have.
pub(super) async fn leave(copy: &DiskCopy, result: JobResult, why: &str) {
    let job_id = Arc::clone(&result.job_id);
    let was_kept = copy.is_kept();
    match copy.release(result).await {
        Ok(()) => tracing::warn!(
            job_id = &*job_id,
            "the result could not be delivered ({why}); it is kept in the spool and will be posted again"
        ),
        Err(error) if was_kept => tracing::error!(
            job_id = &*job_id,
            "the result could not be delivered ({why}), and it may not be in the spool either ({error})"
        ),
        Err(error) => tracing::error!(
            job_id = &*job_id,
            "the result is lost: it could not be delivered ({why}) or kept in the spool ({error})"
        ),
    }
}
