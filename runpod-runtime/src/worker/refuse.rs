//! Jobs that cannot be run: their clients are told, and the log in one line, however many an answer has of them.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::control::Control;
use super::deliver::deliver_job;
use super::job::{admit, failed, result_of};
use super::jobs::TableEntry;
use super::some_of::some_of;
use crate::handler::Failure;
use crate::platform::BrokenJob;

/// How many clients are told at once.
const AT_ONCE: usize = 16;

/// Fails the jobs of one answer that cannot be run: all are told of in one line of the log, and each client whose job's id
/// is known gets a failed result.
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
            "a job cannot be run and its client cannot be told: {}",
            some_of([reason])
        ),
        broken => {
            let unknown = broken.iter().filter(|job| job.id.is_none()).count();
            tracing::error!(
                "{} jobs of one answer cannot be run, and the clients of {unknown} cannot be told: {}",
                broken.len(),
                some_of(broken.iter().map(|job| match &job.id {
                    Some(id) => format!("{id:.40}: {}", job.reason),
                    None => job.reason.clone(),
                }))
            );
        }
    }
    let mut known = Vec::new();
    for job in broken {
        if let Some(id) = job.id
            && let Some(admitted) = admit(control, &id.into())
        {
            control.jobs.begin_delivery(&admitted, 0);
            known.push((admitted, job.reason));
        }
    }
    let control = Arc::clone(control);
    tokio::spawn(async move {
        let mut telling = JoinSet::new();
        for (job, reason) in known {
            if telling.len() == AT_ONCE {
                let _ = telling.join_next().await;
            }
            let control = Arc::clone(&control);
            telling.spawn(async move {
                let _place = TableEntry(&control.jobs, &job);
                let failure = Failure::new("JobError", format!("the job cannot be run: {reason}"))
                    .at("in the job as the platform sent it");
                let body = failed(&control, &job, failure);
                let result = result_of(&control, &job, body);
                control.recent.push(&job, &result);
                deliver_job(&control, &job, result).await;
            });
        }
        while telling.join_next().await.is_some() {}
    });
}
