//! The signals with which the user stops this program.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::Failure;

#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Ctrl-C or SIGTERM. Running jobs may finish.
    Asked,
    /// The terminal was closed. Nobody can see a result or press Ctrl-C again.
    AtOnce,
}

impl Signals {
    pub(super) fn watch() -> Result<Self, Failure> {
        let watch = |kind| {
            signal(kind)
                .map_err(|error| Failure::new(format!("cannot listen for signals: {error}")))
        };
        Ok(Self {
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
            hang_up: watch(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> End {
        tokio::select! {
            _ = self.interrupt.recv() => End::Asked,
            _ = self.terminate.recv() => End::Asked,
            _ = self.hang_up.recv() => End::AtOnce,
        }
    }
}
