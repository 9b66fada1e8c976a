//! SIGTERM and SIGINT: the first ends the worker gracefully, the second at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::Shared;

pub(super) async fn watch(shared: Arc<Shared>, grace: Duration) {
    let (mut terminate, mut interrupt) = match (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(
                "signals cannot be watched, so a SIGTERM ends this worker at once: {error}"
            );
            return;
        }
    };
    let mut next = async || {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    };
    let name = next().await;
    tracing::info!("{name} received: no further job is taken");
    shared.stopping.end();
    tokio::select! {
        () = tokio::time::sleep(grace) => {}
        name = next() => tracing::warn!("{name} received again: running jobs are cut off"),
    }
    shared.stopping.cut_off();
}
