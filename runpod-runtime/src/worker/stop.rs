//! The stop channel: cancels exactly the jobs that the platform no longer wants.

use std::sync::Arc;

use tokio::time::Instant;

use super::Shared;
use super::pace::{Pace, SHORTEST};
use crate::platform::StopSignals;

pub(super) async fn listen(shared: Arc<Shared>) {
    let mut pace = Pace::default();
    while let Some(poll) = shared.platform.stop_signals() {
        let asked = Instant::now();
        match poll.await {
            StopSignals::Stop(ids) => {
                let mut stopped = false;
                for id in ids {
                    if shared.book.stop(&id) {
                        tracing::info!(job_id = id, "Stopping job.");
                        stopped = true;
                    } else {
                        tracing::debug!(job_id = id, "no such job to stop");
                    }
                }
                // The same ids again and again are no news, however often they come.
                if stopped {
                    pace.flowing();
                } else {
                    pace.nothing(asked.elapsed());
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
