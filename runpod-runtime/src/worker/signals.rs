//! What asks a worker to stop from outside. The first signal shuts it down gracefully, and the second one cuts off the
//! running jobs.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::control::Control;
use crate::process::signals::{Signals, next};

/// Stops the worker at the first of `signals`, or when `stop` is cancelled.
pub(super) async fn watch(
    control: Arc<Control>,
    mut signals: Option<Signals>,
    stop: CancellationToken,
    grace: Duration,
) {
    tokio::select! {
        signal = next(&mut signals) => tracing::info!("{signal} received: taking no more jobs"),
        () = stop.cancelled() => {
            tracing::info!("the graceful shutdown was requested: taking no more jobs");
        }
    }
    control.shutdown.end();
    tokio::select! {
        () = tokio::time::sleep(grace) => {}
        signal = next(&mut signals) => {
            tracing::warn!("{signal} received again: cutting off running jobs");
        }
    }
    control.shutdown.cut_off();
}
