//! The stop channel: cancels exactly the jobs that the platform no longer wants.

use std::sync::Arc;

use tokio::time::Instant;

use super::pace::{Pace, SHORTEST};
use super::some_of::some_of;
use super::{Shared, job};
use crate::platform::StopSignals;

pub(super) async fn listen(shared: Arc<Shared>) {
    let mut pace = Pace::default();
    while let Some(poll) = shared.platform.stop_signals() {
        let asked = Instant::now();
        match poll.await {
            StopSignals::Stop(ids) => {
                let (stopped, unknown): (Vec<_>, Vec<_>) =
                    ids.into_iter().partition(|id| job::stop(&shared, id));
                for id in &stopped {
                    tracing::info!(job_id = id, "Stopping job.");
                }
                if !unknown.is_empty() {
                    tracing::debug!(
                        "{} jobs are to be stopped that this worker does not have: {}",
                        unknown.len(),
                        some_of(&unknown)
                    );
                }
                // The same ids again and again are no news, however often they come.
                if stopped.is_empty() {
                    pace.nothing(asked.elapsed());
                } else {
                    pace.flowing();
                }
            }
            StopSignals::Throttled(pause) => pace.asked_to_wait(pause),
            StopSignals::Failed(why) => {
                tracing::debug!("a stop poll failed: {why}");
                pace.failed();
            }
        }
        tokio::time::sleep(pace.pause().max(SHORTEST)).await;
    }
}
