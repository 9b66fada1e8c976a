//! The end of a worker: why it began, and how far it has come.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Shared by all who may end a worker. Each step is taken once and never back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stopping(Arc<Steps>);

#[derive(Debug, Default)]
struct Steps {
    /// Take no further job.
    begun: CancellationToken,
    /// What still runs is cut off.
    out_of_time: CancellationToken,
    /// What is still undelivered goes into the spool.
    no_more_deliveries: CancellationToken,
    unhealthy: OnceLock<String>,
}

impl Stopping {
    /// Takes no further job; what runs goes on.
    pub(crate) fn begin(&self) {
        self.0.begun.cancel();
    }

    pub(super) fn has_begun(&self) -> bool {
        self.0.begun.is_cancelled()
    }

    pub(super) async fn begun(&self) {
        self.0.begun.cancelled().await;
    }

    /// The time to finish is over.
    pub(super) fn cut_off(&self) {
        self.0.out_of_time.cancel();
    }

    pub(super) async fn out_of_time(&self) {
        self.0.out_of_time.cancelled().await;
    }

    pub(super) fn deliver_no_more(&self) {
        self.0.no_more_deliveries.cancel();
    }

    pub(super) async fn no_more_deliveries(&self) {
        self.0.no_more_deliveries.cancelled().await;
    }

    /// The worker is broken; the first reason counts.
    pub(super) fn declare_unhealthy(&self, reason: String) {
        let _ = self.0.unhealthy.set(reason);
        self.begin();
    }

    pub(super) fn unhealthy(&self) -> Option<String> {
        self.0.unhealthy.get().cloned()
    }
}
