//! The shutdown of a worker: why it started, and how far it has come.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::platform::Unhealthy;

/// How long to wait for the answer to a job-take request that is in flight when the shutdown starts. The platform may
/// just be handing over a job, which must run and not be lost. The time is short, because this wait may be the only
/// thing that delays the exit.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// Shared by everything that may shut the worker down. Each step happens once and cannot be undone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shutdown(Arc<Phases>);

#[derive(Debug, Default)]
struct Phases {
    /// Take no more jobs.
    begun: CancellationToken,
    /// Cut off the jobs that still run.
    out_of_time: CancellationToken,
    /// Leave all undelivered results in the spool.
    no_more_deliveries: CancellationToken,
    unhealthy: OnceLock<Unhealthy>,
    /// Whether a job asked for a fresh worker.
    refresh: AtomicBool,
    /// Whether something outside the worker asked it to stop.
    is_stopped: AtomicBool,
}

impl Shutdown {
    /// Takes no more jobs. Running jobs continue.
    pub(crate) fn begin(&self) {
        self.0.begun.cancel();
    }

    /// Takes no more jobs because something outside the worker asked for it. No fresh worker is wanted then.
    pub(crate) fn end(&self) {
        self.0.is_stopped.store(true, Ordering::Release);
        self.begin();
    }

    /// Takes no more jobs because a job asked for a fresh worker.
    pub(super) fn refresh(&self) {
        self.0.refresh.store(true, Ordering::Release);
        self.begin();
    }

    pub(super) fn wants_a_fresh_worker(&self) -> bool {
        self.0.refresh.load(Ordering::Acquire) && !self.0.is_stopped.load(Ordering::Acquire)
    }

    pub(super) fn has_begun(&self) -> bool {
        self.0.begun.is_cancelled()
    }

    pub(super) async fn begun(&self) {
        self.0.begun.cancelled().await;
    }

    /// Ends the grace time.
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

    /// Declares the worker broken. Only the first reason counts.
    pub(super) fn declare_unhealthy(&self, unhealthy: Unhealthy) {
        let _ = self.0.unhealthy.set(unhealthy);
        self.begin();
    }

    pub(super) fn unhealthy(&self) -> Option<Unhealthy> {
        self.0.unhealthy.get().cloned()
    }
}
