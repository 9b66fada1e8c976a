//! Sends the heartbeat: tells the platform at regular intervals that the worker is alive and which jobs it has.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::control::Control;
use crate::platform::Health;

pub(super) async fn beat(control: Arc<Control>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    if control.platform.ping(Health::Working(&[])).is_none() {
        return;
    }
    loop {
        ticks.tick().await;
        // The task does not wait for the ping, because a slow answer must not delay the next ping. Each ping has a time
        // limit.
        let control = Arc::clone(&control);
        tokio::spawn(async move {
            let jobs = control.jobs.ids();
            if let Some(ping) = control.platform.ping(Health::Working(&jobs)) {
                ping.await;
            }
        });
    }
}
