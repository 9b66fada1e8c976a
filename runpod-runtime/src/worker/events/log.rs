//! The log lines of a worker's events.

use super::event::WorkerEvent;
use crate::platform::{PostKind, ResultBody, Taken};

/// Writes the event's line, if it has one.
pub(super) fn write(event: &WorkerEvent<'_>) {
    match event {
        WorkerEvent::TakeAnswered { taken, .. } => match taken {
            Taken::Throttled(pause) => {
                tracing::debug!("too many job-take requests: the next one follows in {pause:?}");
            }
            Taken::Failed(why) => tracing::warn!("no job could be taken: {why}"),
            Taken::Jobs(_) | Taken::Nothing | Taken::NoMore => {}
        },
        WorkerEvent::JobStarted { .. } => tracing::info!("Started."),
        WorkerEvent::JobFinished { run, body } => failure(run.id, body),
        WorkerEvent::LargeResult { job_id, bytes, why } => tracing::warn!(
            job_id,
            "the result has {bytes} bytes. {why}. Upload the data, and return its URL"
        ),
        WorkerEvent::JobStopped {
            run,
            was_started: false,
        } => tracing::info!(job_id = run.id, "Job stopped before it started."),
        WorkerEvent::JobStopped {
            run,
            was_started: true,
        } => tracing::info!(job_id = run.id, "Job stopped."),
        WorkerEvent::ResultReplaced { job_id, body } => failure(job_id, body),
        WorkerEvent::PostRetried { post, pause, why } => match post.kind {
            PostKind::Progress => tracing::debug!("a progress update was not accepted: {why}"),
            PostKind::Item | PostKind::Result { .. } => tracing::warn!(
                job_id = &*post.job_id,
                "{} was not accepted; the next attempt follows in {} ms or more: {why}",
                what(post.kind),
                pause.as_millis()
            ),
        },
        WorkerEvent::ResultAccepted { job_id, ran: true } => tracing::info!(job_id, "Finished."),
        WorkerEvent::Redelivered { job_id } => {
            tracing::info!(job_id, "A kept result was delivered.");
        }
        WorkerEvent::ConcurrencyChanged { from, to, why } => {
            tracing::debug!("concurrency changes from {from} to {to}: {why}");
        }
        WorkerEvent::BatchCalled { call, .. } => {
            let (jobs, took, outcome) = (call.waits.len(), call.took, call.outcome.name());
            tracing::debug!("a call with {jobs} jobs {outcome} after {took:?}");
        }
        WorkerEvent::Refresh => {
            tracing::info!("taking no more jobs: this worker will be refreshed");
        }
        WorkerEvent::Broken { reason } => tracing::error!("this worker is broken: {reason}"),
        WorkerEvent::Draining { jobs } => {
            tracing::info!("finishing {jobs} jobs before the worker stops");
        }
        WorkerEvent::CutOff { jobs } => {
            tracing::warn!("{jobs} jobs were cut off: the grace time is over");
        }
        // A worker at a normal pace must not write a line for each of these.
        WorkerEvent::StartPhase { .. }
        | WorkerEvent::JobTaken { .. }
        // One line names all refused jobs of an answer.
        | WorkerEvent::JobRefused { .. }
        | WorkerEvent::HandlerReturned { .. }
        | WorkerEvent::JobLeft { .. }
        | WorkerEvent::PostAnswered { .. }
        | WorkerEvent::ResultAccepted { ran: false, .. }
        | WorkerEvent::SlotsChanged { .. } => {}
    }
}

fn failure(id: &str, body: &ResultBody) {
    match (&body.error, &body.without_data) {
        (Some(text), Some(without_data)) => {
            tracing::error!(job_id = id, "Job failed: {without_data}");
            tracing::debug!(job_id = id, "{text}");
        }
        (Some(text), None) => tracing::error!(job_id = id, "Job failed: {text}"),
        (None, _) => {}
    }
}

fn what(kind: PostKind) -> &'static str {
    match kind {
        PostKind::Item => "a stream item",
        PostKind::Progress => "a progress update",
        PostKind::Result { .. } => "the result",
    }
}
