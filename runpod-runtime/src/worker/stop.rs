//! The stop channel: cancels exactly the jobs that the platform no longer wants.

use std::sync::Arc;

use tokio::time::Instant;

use super::Shared;
use super::pace::Pace;
use crate::platform::StopSignals;

pub(super) async fn listen(shared: Arc<Shared>) {
    let mut pace = Pace::default();
    while let Some(poll) = shared.platform.stop_signals() {
        let asked = Instant::now();
        match poll.await {
            StopSignals::Stop(ids) if ids.is_empty() => pace.nothing(asked.elapsed()),
            StopSignals::Stop(ids) => {
                pace.flowing();
                for id in ids {
                    if shared.book.stop(&id) {
                        tracing::info!(job_id = id, "Stopping job.");
                    } else {
                        tracing::debug!(job_id = id, "no such job to stop");
                    }
                }
            }
            StopSignals::Throttled(pause) => pace.asked_to_wait(pause),
            StopSignals::Failed(why) => {
                tracing::debug!("a stop poll failed: {why}");
                pace.failed();
            }
        }
        tokio::time::sleep(pace.pause()).await;
    }
}
