//! Shows the state of an endpoint as text.

use std::fmt::Write as _;

use crate::invoke::health::Health;
use crate::invoke::target::Target;

/// Returns a line for jobs, a line for workers, and a line with the reason if jobs wait.
pub(super) fn of(health: &Health, target: &Target) -> String {
    let (jobs, workers) = (&health.jobs, &health.workers);
    let mut text = format!(
        "jobs:    {} in queue, {} in progress, {} completed, {} failed, {} retried\n\
         workers: {} running, {} idle, {} ready, {} initializing, {} throttled, {} unhealthy\n",
        jobs.in_queue,
        jobs.in_progress,
        jobs.completed,
        jobs.failed,
        jobs.retried,
        workers.running,
        workers.idle,
        workers.ready,
        workers.initializing,
        workers.throttled,
        workers.unhealthy,
    );
    if jobs.in_queue > 0 {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "jobs wait in the queue: {}",
            health.why_a_job_waits(target)
        );
    }
    text
}
