//! The batchers of a worker's handlers, and the number of slots that they need.

use std::sync::Arc;

use super::execute::Execution;
use crate::handler::{Dispatch, HandlerBatcher};

/// Returns the batchers of all batch handlers.
pub(super) fn batchers(dispatch: &Dispatch) -> Arc<[Arc<HandlerBatcher>]> {
    let handlers = dispatch.handlers();
    handlers.filter_map(|it| it.batcher.clone()).collect()
}

impl Execution {
    /// Returns how many jobs may run at once. `chosen` is the user's choice. By default, while one call of a batch
    /// handler runs, there are slots for the jobs of the next one.
    pub(super) fn concurrency(&self, chosen: Option<usize>) -> usize {
        let limits = self.batchers.iter().map(|it| it.limits());
        let wanted = limits.clone().map(|it| {
            let calls = it.concurrent_batches.max(1).saturating_add(1);
            it.max_batch_size.max(1).saturating_mul(calls)
        });
        let Some(chosen) = chosen else {
            return wanted.reduce(usize::saturating_add).unwrap_or(1);
        };
        let largest = limits.map(|it| it.max_batch_size).max().unwrap_or(1);
        if chosen < largest {
            tracing::warn!(
                "no call can have more than {chosen} jobs, because `concurrency` is {chosen}; `max_batch_size` is {largest}. Remove \
                 `concurrency` to use twice the size of a batch."
            );
        }
        chosen
    }
}
