//! Keeps on disk the results that the platform does not accept quickly.
//!
//! A platform that answers quickly costs no file at all: what a kill could take within these milliseconds has left for the platform
//! already, or is about to. One timer serves all results. While the platform is not quick, results are kept as soon as they are
//! there (`recent_results.rs`).

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::control::Control;
use super::recent_results::{QUICK, RecentResult};

/// Keeps on disk what is under way for too long, until the worker ends.
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
