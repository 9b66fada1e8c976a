//! SIGTERM and SIGINT: the first ends the worker gracefully, the second at once.

use std::sync::Arc;
use std::time::Duration;

use super::control::Control;
use crate::process::signals::Signals;

pub(super) async fn watch(control: Arc<Control>, grace: Duration) {
    let mut signals = match Signals::watch() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::warn!(
                "signals cannot be watched, so a SIGTERM ends this worker at once: {error}"
            );
            return;
        }
    };
    let name = signals.next().await;
    tracing::info!("{name} received: no further job is taken");
    control.shutdown.end();
    tokio::select! {
        () = tokio::time::sleep(grace) => {}
        name = signals.next() => tracing::warn!("{name} received again: running jobs are cut off"),
    }
    control.shutdown.cut_off();
}
