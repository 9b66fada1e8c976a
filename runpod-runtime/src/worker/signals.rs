//! SIGTERM and SIGINT. The first one shuts the worker down gracefully, and the second one cuts off the running jobs.

use std::sync::Arc;
use std::time::Duration;

use super::control::Control;
use crate::process::signals::Signals;

pub(super) async fn watch(control: Arc<Control>, grace: Duration) {
    let mut signals = match Signals::watch() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::warn!(
                "signals cannot be handled, so a SIGTERM would kill this worker immediately: {error}"
            );
            return;
        }
    };
    let name = signals.next().await;
    tracing::info!("{name} received: taking no more jobs");
    control.shutdown.end();
    tokio::select! {
        () = tokio::time::sleep(grace) => {}
        name = signals.next() => tracing::warn!("{name} received again: cutting off running jobs"),
    }
    control.shutdown.cut_off();
}
