//! One job on the control thread, from its arrival until nothing is left to do for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::consecutive_failures::Verdict;
use super::control::Control;
use super::deliver::{self, deliver_job};
use super::emissions::{NotSent, send_all};
use super::events::WorkerEvent;
use super::execute;
use super::inbox::{Event, Finished};
use super::jobs::{Interrupted, Job, TableEntry};
use crate::handler::{CancelReason, Failure, JobContext, TakenJob};
use crate::platform::{ResultBody, Unhealthy, large_result};
use crate::process::panics::{Panic, caught, caught_now};
use crate::spool::{DiskCopy, JobResult};
use crate::text::both_ends_of;

/// The maximum number of characters of an error that is repeated because it is too large itself.
const LONGEST_ERROR: usize = 1000;

/// A job that this worker already has.
#[derive(Debug)]
pub(super) struct Duplicate {
    pub(super) id: Arc<str>,
}

/// Accepts a job. It runs as soon as it has a slot ([`start_waiting`]).
///
/// # Errors
///
/// Returns an error if the worker already has the job.
pub(super) fn accept(control: &Arc<Control>, taken: TakenJob) -> Result<(), Duplicate> {
    let id: Arc<str> = taken.id.as_str().into();
    match admit(control, &id) {
        Some(job) => {
            WorkerEvent::JobTaken { job: &taken }.emit();
            control.jobs.wait_for_slot(job, taken);
            Ok(())
        }
        None => Err(Duplicate { id }),
    }
}

pub(super) fn admit(control: &Control, id: &Arc<str>) -> Option<Arc<Job>> {
    let worker_id = Arc::clone(&control.worker_id);
    let context = JobContext::new(Arc::clone(id), worker_id, Arc::clone(&control.link) as _);
    control
        .jobs
        .admit(context, DiskCopy::new(control.spool.as_ref()))
}

/// Starts waiting jobs as long as slots are free.
pub(super) fn start_waiting(control: &Arc<Control>) {
    let held = control.execution.hold_batches();
    while let Some((job, taken, slot)) = control.jobs.next_to_run() {
        if let Some(auto) = &control.auto {
            job.begins(auto.begins());
        }
        execute::start(
            &control.execution,
            &control.handlers,
            &control.jobs,
            &job,
            taken,
            slot,
        );
    }
    drop(held);
    slots_changed(control);
}

fn slots_changed(control: &Control) {
    let slots = &*control.jobs.slots;
    if let Some(auto) = &control.auto {
        auto.observe(slots.used());
    }
    WorkerEvent::SlotsChanged { slots }.emit();
}

/// Handles the events from the threads of handlers until the worker stops.
pub(super) async fn receive(control: Arc<Control>) {
    loop {
        for event in control.inbox.next().await {
            handle(&control, event);
        }
    }
}

fn handle(control: &Arc<Control>, event: Event) {
    let job = match &event {
        Event::Finished(finished) => Some(Arc::clone(&finished.job)),
        Event::Emits(id) => control.jobs.get(id),
    };
    let handled = caught_now(|| match event {
        Event::Finished(finished) => finish(control, finished),
        Event::Emits(id) => send_emitted(control, &id),
    });
    if let (Err(panic), Some(job)) = (handled, job) {
        follow(control, job, move |control, job| async move {
            abandon(&control, &job, &panic).await;
        });
    }
}

/// Finishes a job whose handler has returned: logs a failure, refreshes the worker if the result asks for it, frees the
/// slot, and starts to deliver the result.
fn finish(control: &Arc<Control>, finished: Finished) {
    let Finished {
        job,
        body,
        verdict,
        slot,
    } = finished;
    let body = within_the_limit(control, &job, body);
    if !control.jobs.begin_delivery(&job, body.body.len()) {
        return;
    }
    WorkerEvent::JobFinished {
        run: job.run(),
        body: &body,
    }
    .emit();
    let bytes = body.body.len();
    let why = control.platform.is_too_large(bytes);
    if let Some(why) = why.filter(|_| !is_larger_only_here(control, &job, &body)) {
        let job_id = job.id();
        WorkerEvent::LargeResult { job_id, bytes, why }.emit();
    }
    // This must happen before the slot is free. Otherwise the worker could take another job that it must not run.
    conclude(control, &job, body.stop_pod, verdict);
    if let (Some(auto), Some(begin)) = (&control.auto, job.begin()) {
        auto.finished(begin, verdict);
    }
    drop(slot);
    slots_changed(control);
    send_off(control, job, body.body);
}

/// Replaces a result that the platform would refuse because of its size by a failed one. The client gets the reason at
/// once, and no large body is sent in vain.
fn within_the_limit(control: &Control, job: &Job, body: ResultBody) -> ResultBody {
    let bytes = body.body.len();
    let limit = control.platform.largest_result();
    let is_refused = |limit: &usize| bytes > *limit && !is_larger_only_here(control, job, &body);
    let Some(limit) = limit.filter(is_refused) else {
        return body;
    };
    // Without the job's own error, nobody would learn why it failed.
    let what = match body.without_data.as_deref().or(body.error.as_deref()) {
        Some(error) => {
            let error = both_ends_of(error, LONGEST_ERROR);
            format!("the job failed ({error}), and its error")
        }
        None => "the job finished, but its result".to_owned(),
    };
    let why = large_result::refusal(&what, bytes, limit);
    let failure = Failure::new("ResultTooLarge", why).at("before the result was posted");
    control
        .execution
        .failed(failure, job.streams(), body.stop_pod)
}

/// Returns whether the result is the list of a stream's items, which Runpod would not get.
fn is_larger_only_here(control: &Control, job: &Job, body: &ResultBody) -> bool {
    control.platform.repeats_items_only_here() && job.streams() && body.error.is_none()
}

/// Starts to shut down the worker if the job asks for a fresh worker or if too many jobs in a row have failed.
fn conclude(control: &Control, job: &Job, stop_pod: bool, verdict: Verdict) {
    if stop_pod {
        job.wants_fresh_worker.store(true, Ordering::Relaxed);
        WorkerEvent::Refresh.emit();
        control.shutdown.refresh();
    }
    if let Some(reason) = control.failures.count(verdict) {
        WorkerEvent::Broken { reason: &reason }.emit();
        control.shutdown.declare_unhealthy(Unhealthy {
            check: "max_consecutive_failures".into(),
            reason,
        });
    }
}

/// Starts to deliver a job's result, after everything that the job has emitted.
pub(super) fn send_off(control: &Arc<Control>, job: Arc<Job>, body: Bytes) {
    let result = result_of(control, &job, body);
    control.recent.push(&job, &result);
    job.context.end_outbox();
    if job.begin_sending() {
        follow(control, job, |control, job| async move {
            deliver_job(&control, &job, result).await;
        });
    } else {
        // The task that posts items and progress updates posts the result afterwards.
        job.hand_over(result);
    }
}

fn result_of(control: &Control, job: &Job, body: Bytes) -> JobResult {
    JobResult {
        job_id: Arc::clone(job.id()),
        worker_id: Arc::clone(&control.worker_id),
        streaming: job.streams(),
        items: Vec::new(),
        body,
    }
}

/// Starts to post the job's items and progress, followed by its result.
fn send_emitted(control: &Arc<Control>, id: &str) {
    let Some(job) = control.jobs.get(id) else {
        return;
    };
    // The result may already be on its way. The event may also belong to a stopped job that had the same id.
    if !job.begin_sending() {
        return;
    }
    follow(control, job, |control, job| async move {
        let outbox = job.context.outbox();
        let sent = tokio::select! {
            biased;
            () = job.context.cancel().stopped() => Ok(()),
            sent = send_all(&control, job.id(), outbox) => sent,
        };
        let Some(result) = job.result().await else {
            outbox.discard();
            return;
        };
        match sent {
            Ok(()) => deliver_job(&control, &job, result).await,
            Err(NotSent::Hole(why)) => {
                let instead = failed(&control, &job, Failure::new("StreamError", why));
                WorkerEvent::ResultReplaced {
                    job_id: job.id(),
                    body: &instead,
                }
                .emit();
                let result = JobResult {
                    body: instead.body,
                    ..result
                };
                job.copy.keep(result.clone());
                deliver_job(&control, &job, result).await;
            }
            Err(NotSent::Ended(why)) => {
                let items = outbox.undelivered_bodies();
                deliver::leave(&job.copy, JobResult { items, ..result }, &why).await;
            }
        }
    });
}

/// Runs the last task of a job, after which nothing is left to do for the job. If the worker's own code panics in the
/// task, the job fails.
pub(super) fn follow<F>(
    control: &Arc<Control>,
    job: Arc<Job>,
    task: impl FnOnce(Arc<Control>, Arc<Job>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let followed = Box::pin(task(Arc::clone(control), Arc::clone(&job)));
    let control = Arc::clone(control);
    tokio::spawn(async move {
        let followed = caught(followed).await;
        let _place = TableEntry(&control.jobs, &job);
        if let Err(panic) = followed {
            Box::pin(abandon(&control, &job, &panic)).await;
        }
    });
}

/// Handles a panic of the worker's own code while it worked on the job. The job fails, unless the platform already has
/// its result. In both cases, the copy on disk is removed.
async fn abandon(control: &Arc<Control>, job: &Arc<Job>, panic: &Panic) {
    let message = control.panic_message(panic);
    tracing::error!(job_id = &**job.id(), "{message}");
    if control.jobs.interrupt(job).is_some() {
        job.context.cancel().cancel(CancelReason::Shutdown);
        control.jobs.begin_delivery(job, 0);
    }
    // A handler that waits for room in the outbox would otherwise wait forever.
    job.context.discard_outbox();
    let reported = caught(async {
        if !job.is_answered() {
            conclude(control, job, control.execution.refresh, Verdict::None);
            let body = failed(control, job, Failure::new("WorkerError", message));
            let result = result_of(control, job, body.body);
            job.copy.keep(result.clone());
            deliver_job(control, job, result).await;
        }
        job.copy.settle();
    });
    if let Err(panic) = reported.await {
        job.copy.settle();
        tracing::error!(
            job_id = &**job.id(),
            "the failure of this job could not be reported to its client, because the worker panicked again: {}",
            panic.message
        );
    }
}

/// Stops a job that the platform no longer wants. Returns true if the worker has the job and it was not stopped before.
pub(super) fn stop(control: &Arc<Control>, id: &str) -> bool {
    let Some(job) = control.jobs.get(id) else {
        return false;
    };
    if !job.context.cancel().stop() {
        return false;
    }
    let Some(was) = control.jobs.interrupt(&job) else {
        // The task that delivers the result notices the stop.
        return true;
    };
    WorkerEvent::JobStopped {
        run: job.run(),
        was_started: was == Interrupted::Started,
    }
    .emit();
    if let (Some(auto), Some(begin)) = (&control.auto, job.begin()) {
        // It says nothing about the worker, but it had a slot.
        auto.finished(begin, Verdict::None);
    }
    job.context.discard_outbox();
    control.jobs.remove(&job);
    true
}

/// Fails all waiting and running jobs, because the grace time is over. Returns their number.
pub(super) fn cut_off(control: &Arc<Control>) -> usize {
    // Handlers that have finished come first, because their jobs have results.
    for event in control.inbox.take() {
        handle(control, event);
    }
    let mut cut = 0;
    for job in control.jobs.unfinished() {
        job.context.cancel().cancel(CancelReason::Shutdown);
        let Some(interrupted) = control.jobs.interrupt(&job) else {
            continue;
        };
        let what = match interrupted {
            Interrupted::Waiting => "started",
            Interrupted::Started => "finished",
        };
        let message = format!(
            "the worker shut down before this job {what}: the grace time (RUNPOD_SHUTDOWN_GRACE_S) was over"
        );
        let failure = Failure::new("Shutdown", message);
        let refresh = control.execution.refresh;
        let body = control.execution.failed(failure, job.streams(), refresh);
        finish(
            control,
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

/// Creates a failed result that replaces the job's own. It asks for a fresh worker if the job's own result did.
fn failed(control: &Control, job: &Job, failure: Failure) -> ResultBody {
    let refresh = job.wants_fresh_worker.load(Ordering::Relaxed);
    control.execution.failed(failure, job.streams(), refresh)
}
