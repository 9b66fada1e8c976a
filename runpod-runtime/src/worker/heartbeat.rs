//! Tells the platform at an even pace that the worker lives and which jobs it has.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::Shared;
use crate::platform::Health;

pub(super) async fn beat(shared: Arc<Shared>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    if shared.platform.ping(Health::Working(&[])).is_none() {
        return;
    }
    loop {
        ticks.tick().await;
        // Not waited for: a ping that the platform is slow to answer must not delay the next one. Each has a time limit.
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let jobs = shared.jobs.ids();
            if let Some(ping) = shared.platform.ping(Health::Working(&jobs)) {
                ping.await;
            }
        });
    }
}
