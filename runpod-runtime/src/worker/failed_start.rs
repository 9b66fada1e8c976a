//! A worker whose start failed: it takes one job, only to fail it with the reason, and then stops.
//!
//! Otherwise the job's client would wait while worker after worker starts and fails.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::control::Control;
use super::refuse::fail_unrun;
use super::shutdown::LINGER;
use crate::handler::TakenJob;
use crate::platform::{BrokenJob, FailedStart, Unhealthy};

/// How long the worker waits for a job.
const WAIT: Duration = Duration::from_secs(10);
/// How long the worker then tries to deliver the failed result. After that, the result stays in the spool.
const DELIVERY: Duration = Duration::from_secs(30);

/// Ends the wait for a job, and then the delivery of its result.
pub(super) async fn limit(control: Arc<Control>) {
    // A job-take request that is in flight gets the rest of the time.
    sleep(WAIT.saturating_sub(LINGER)).await;
    control.shutdown.end();
    sleep(DELIVERY).await;
    control.shutdown.cut_off();
}

/// Fails jobs that the worker has taken for this purpose, and takes no more.
pub(super) fn fail(
    control: &Arc<Control>,
    failed: &FailedStart,
    jobs: Vec<Result<TakenJob, BrokenJob>>,
) {
    let ids = jobs.into_iter().filter_map(|job| match job {
        Ok(taken) => Some(taken.id),
        Err(broken) => broken.id,
    });
    for id in ids {
        tracing::error!(
            job_id = id,
            "the job fails, because this worker could not start ({})",
            failed.hook
        );
        let body = control.execution.reporter.failed_start(failed);
        fail_unrun(control, &id.into(), body);
        control.shutdown.end();
    }
}

/// Returns the reason for the last ping.
pub(super) fn unhealthy(failed: &FailedStart) -> Unhealthy {
    Unhealthy {
        check: failed.hook.into(),
        reason: failed.failure.message.clone(),
    }
}
