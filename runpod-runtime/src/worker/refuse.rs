//! Jobs that cannot be run. Their clients get a failed result, and the log gets one line for all such jobs in an
//! answer.

use std::sync::Arc;

use super::control::Control;
use super::events::WorkerEvent;
use super::job::{admit, send_off};
use super::some_of::some_of;
use crate::handler::Failure;
use crate::platform::{BrokenJob, ResultBody};

/// Fails the jobs in one answer that cannot be run. One log line describes them all. If the id of a job is known, its
/// client gets a failed result.
pub(super) fn refuse(control: &Arc<Control>, broken: Vec<BrokenJob>) {
    match &broken[..] {
        [] => return,
        [
            BrokenJob {
                id: Some(id),
                reason,
            },
        ] => tracing::error!(job_id = id, "the job cannot be run: {reason}"),
        [BrokenJob { id: None, reason }] => tracing::error!(
            "a job cannot be run, and its client gets no result: {}",
            some_of([reason])
        ),
        broken => {
            let unknown = broken.iter().filter(|job| job.id.is_none()).count();
            tracing::error!(
                "{} jobs in one answer cannot be run, and the clients of {unknown} of them get no result: {}",
                broken.len(),
                some_of(broken.iter().map(|job| match &job.id {
                    Some(id) => format!("{id:.40}: {}", job.reason),
                    None => job.reason.clone(),
                }))
            );
        }
    }
    for job in broken {
        if let Some(id) = job.id {
            let failure =
                Failure::new("JobError", format!("the job cannot be run: {}", job.reason))
                    .at("in the job as the platform sent it");
            // The job did not run, so it does not ask for a fresh worker.
            let body = control.execution.failed(failure, false, false);
            fail_unrun(control, &id.into(), body);
        }
    }
}

/// Delivers the failed result of a job that does not run.
pub(super) fn fail_unrun(control: &Arc<Control>, id: &Arc<str>, body: ResultBody) {
    if let Some(admitted) = admit(control, id)
        && control.jobs.begin_delivery(&admitted, body.body.len())
    {
        WorkerEvent::JobRefused {
            job_id: id,
            body: &body,
        }
        .emit();
        send_off(control, admitted, body.body);
    }
}
