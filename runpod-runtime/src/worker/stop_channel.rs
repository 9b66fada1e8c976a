//! The stop channel: cancels exactly the jobs that the platform no longer wants.

use std::sync::Arc;

use tokio::time::Instant;

use super::backoff::{PollBackoff, SHORTEST};
use super::control::Control;
use super::job;
use super::some_of::some_of;
use crate::platform::StopSignals;

pub(super) async fn listen(control: Arc<Control>) {
    let mut backoff = PollBackoff::default();
    while let Some(poll) = control.platform.stop_signals() {
        let asked = Instant::now();
        match poll.await {
            StopSignals::Stop(ids) => {
                let (stopped, unknown): (Vec<_>, Vec<_>) =
                    ids.into_iter().partition(|id| job::stop(&control, id));
                for id in &stopped {
                    tracing::info!(job_id = id, "Stopping job.");
                }
                if !unknown.is_empty() {
                    tracing::debug!(
                        "asked to stop {} jobs that this worker does not have: {}",
                        unknown.len(),
                        some_of(&unknown)
                    );
                }
                // If the platform only repeats ids that are already stopped, the pauses must still grow.
                if stopped.is_empty() {
                    backoff.nothing(asked.elapsed());
                } else {
                    backoff.flowing();
                }
            }
            StopSignals::Throttled(pause) => backoff.asked_to_wait(pause),
            StopSignals::Failed(why) => {
                tracing::debug!("a stop poll failed: {why}");
                backoff.failed();
            }
        }
        tokio::time::sleep(backoff.pause().max(SHORTEST)).await;
    }
}
