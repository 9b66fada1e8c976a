//! Keeps on disk the results that the platform has not accepted after a few milliseconds.
//!
//! A platform that answers quickly costs no file at all: what a kill could take within these milliseconds has left for the platform
//! already, or is about to. One timer serves all results.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::control::Control;
use super::deliver::item_bodies;
use super::recent_results::{QUICK, RecentResult};
use crate::spool::JobResult;

/// Keeps on disk what is under way for too long, until the worker ends.
pub(super) async fn keep_slow_results(control: Arc<Control>) {
    loop {
        while let Some(oldest) = control.recent.oldest() {
            sleep_until(oldest + QUICK).await;
            let now = Instant::now();
            while let Some(RecentResult { job, result, .. }) = control.recent.next_due(now) {
                // A kept one is newer than this: the first was refused.
                if job.is_done() || job.copy.is_kept() {
                    continue;
                }
                let items = job.context.outbox_in_use();
                let items = items.map_or_else(Vec::new, |it| item_bodies(&it.undelivered()));
                let kept = job.copy.keep(JobResult {
                    items,
                    ..result.clone()
                });
                if !kept {
                    control.recent.push_again(job, result);
                }
            }
        }
        control.recent.arrived().await;
    }
}
