//! Keeps results on disk if the platform has not accepted them after a few milliseconds.
//!
//! If the platform answers quickly, no result needs a file. One timer serves all results. If the platform did not
//! accept the last result quickly, the next one is kept immediately, without the timer (`recent_results.rs`).

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::control::Control;
use super::recent_results::{QUICK, RecentResult};

/// Keeps slow results on disk until the worker stops.
pub(super) async fn keep_slow_results(control: Arc<Control>) {
    loop {
        while let Some(oldest) = control.recent.oldest() {
            sleep_until(oldest + QUICK).await;
            let now = Instant::now();
            while let Some(RecentResult { job, result, .. }) = control.recent.next_due(now) {
                control.recent.keep_slow(job, result);
            }
        }
        control.recent.arrived().await;
    }
}
