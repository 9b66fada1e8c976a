//! The end of a worker: why it began, and how far it has come.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

/// Shared by all who may end a worker. Each step is taken once and never back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shutdown(Arc<Phases>);

#[derive(Debug, Default)]
struct Phases {
    /// Take no further job.
    begun: CancellationToken,
    /// What still runs is cut off.
    out_of_time: CancellationToken,
    /// What is still undelivered goes into the spool.
    no_more_deliveries: CancellationToken,
    unhealthy: OnceLock<Unhealthy>,
    /// A job asked for a fresh worker.
    refresh: AtomicBool,
    /// Somebody told the worker to end.
    told: AtomicBool,
}

/// Why a worker is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unhealthy {
    /// Who found out: what the platform is told as `check`.
    pub(super) check: &'static str,
    pub(super) reason: String,
}

impl Shutdown {
    /// Takes no further job; what runs goes on.
    pub(crate) fn begin(&self) {
        self.0.begun.cancel();
    }

    /// The same because somebody outside says so: then no fresh worker is wanted either.
    pub(crate) fn end(&self) {
        self.0.told.store(true, Ordering::Release);
        self.begin();
    }

    /// The same because a job asked for a fresh worker.
    pub(super) fn refresh(&self) {
        self.0.refresh.store(true, Ordering::Release);
        self.begin();
    }

    pub(super) fn wants_a_fresh_worker(&self) -> bool {
        self.0.refresh.load(Ordering::Acquire) && !self.0.told.load(Ordering::Acquire)
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
    pub(super) fn declare_unhealthy(&self, unhealthy: Unhealthy) {
        let _ = self.0.unhealthy.set(unhealthy);
        self.begin();
    }

    pub(super) fn unhealthy(&self) -> Option<Unhealthy> {
        self.0.unhealthy.get().cloned()
    }
}
