//! The cancellation of a job.

use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// The reason why a job was cancelled, as returned by
/// [`JobContext::cancel_reason`](super::JobContext::cancel_reason).
///
/// ```
/// use runpod::CancelReason;
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler]
/// fn search(candidates: Vec<u64>, ctx: JobContext) -> Option<u64> {
///     for candidate in candidates {
///         match ctx.cancel_reason() {
///             None if candidate % 7919 == 0 => return Some(candidate),
///             None => {}
///             // The job is reported as failed. The client may submit it again, so keep the results so far.
///             Some(CancelReason::Shutdown) => break,
///             // The result is no longer wanted.
///             Some(_) => return None,
///         }
///     }
///     None
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!([7918, 7919])).blocking(search).await;
/// assert_eq!(report.output, Some(json!(7919)));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelReason {
    /// The platform stopped this job, because its client cancelled it or it timed out. The worker sends no result.
    /// (See *Stop* in `docs/reference/protocol.md`.)
    Stopped,
    /// The worker is shutting down and its grace time, `RUNPOD_SHUTDOWN_GRACE_S` seconds (default 600), is over. The
    /// job is reported as failed.
    Shutdown,
}

/// The state of a job's cancellation.
#[derive(Debug, Default)]
pub(crate) struct Cancel {
    reason: OnceLock<CancelReason>,
    /// Whether the platform stopped the job. Also set if the job was first cancelled for another reason.
    stopped: AtomicBool,
    cancelled: Notify,
}

impl Cancel {
    /// Cancels the job. Only the first reason counts. Returns whether this call was the first.
    pub(crate) fn cancel(&self, reason: CancelReason) -> bool {
        let is_first = self.reason.set(reason).is_ok();
        self.cancelled.notify_waiters();
        is_first
    }

    /// Records that the platform stopped the job. Returns true for the first call.
    pub(crate) fn stop(&self) -> bool {
        let is_first = !self.stopped.swap(true, Ordering::AcqRel);
        self.cancel(CancelReason::Stopped);
        is_first
    }

    pub(crate) fn reason(&self) -> Option<CancelReason> {
        self.reason.get().copied()
    }

    /// Waits until the job is cancelled, and returns the reason.
    pub(crate) async fn cancelled(&self) -> CancelReason {
        loop {
            let mut cancelled = pin!(self.cancelled.notified());
            // The waiter is registered before the reason is checked, so a wake-up between the check and the wait is
            // not missed.
            cancelled.as_mut().enable();
            if let Some(reason) = self.reason() {
                return reason;
            }
            cancelled.await;
        }
    }

    /// Waits until the platform stops the job. If this never happens, the future never completes.
    pub(crate) async fn stopped(&self) {
        loop {
            let mut cancelled = pin!(self.cancelled.notified());
            cancelled.as_mut().enable();
            if self.stopped.load(Ordering::Acquire) {
                return;
            }
            cancelled.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_first_reason_counts_and_everybody_who_waits_is_told() {
        let cancel = std::sync::Arc::new(Cancel::default());
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let cancel = std::sync::Arc::clone(&cancel);
                tokio::spawn(async move { cancel.cancelled().await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!(cancel.reason(), None);
        assert!(cancel.cancel(CancelReason::Shutdown));
        assert!(!cancel.cancel(CancelReason::Stopped));
        for waiting in waiting {
            assert_eq!(waiting.await.unwrap(), CancelReason::Shutdown);
        }
        assert_eq!(cancel.cancelled().await, CancelReason::Shutdown);
    }

    #[tokio::test]
    async fn a_job_can_be_stopped_after_it_was_cut_off() {
        let cancel = Cancel::default();
        cancel.cancel(CancelReason::Shutdown);
        assert!(cancel.stop() && !cancel.stop());
        cancel.stopped().await;
        assert_eq!(cancel.reason(), Some(CancelReason::Shutdown));
    }
}
