//! The batchers of a worker's handlers, and the number of slots that they need.

use std::sync::Arc;

use crate::handler::{Dispatch, HandlerBatcher};

/// Returns the batchers of all batch handlers.
pub(super) fn batchers(dispatch: &Dispatch) -> Arc<[Arc<HandlerBatcher>]> {
    let handlers = dispatch.handlers();
    handlers.filter_map(|it| it.batcher.clone()).collect()
}

/// Returns how many jobs may run at once. `chosen` is the user's choice. By default, while one call of a batch handler
/// runs, there are slots for the jobs of the next one.
pub(super) fn concurrency(batchers: &[Arc<HandlerBatcher>], chosen: Option<usize>) -> usize {
    let limits = || batchers.iter().map(|it| it.limits());
    let Some(chosen) = chosen else {
        let wanted = limits().map(|it| {
            let calls = it.concurrent_batches.max(1).saturating_add(1);
            it.max_batch_size.max(1).saturating_mul(calls)
        });
        return wanted.reduce(usize::saturating_add).unwrap_or(1);
    };
    let largest = limits().map(|it| it.max_batch_size).max().unwrap_or(0);
    if chosen < largest {
        tracing::warn!(
            "no call can have more than {chosen} jobs, because `concurrency` is {chosen}; `max_batch_size` is {largest}. \
             Remove `concurrency` to use twice the size of a batch."
        );
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Batching;

    #[test]
    fn by_default_there_are_slots_for_the_running_calls_and_the_next_one() {
        let batcher = |options: Batching| HandlerBatcher::new(options.limits);
        let small = batcher(Batching::new().max_batch_size(4));
        let two_calls = batcher(Batching::new().max_batch_size(10).concurrent_batches(2));
        assert_eq!(concurrency(&[], None), 1);
        assert_eq!(concurrency(&[Arc::clone(&small)], None), 8);
        assert_eq!(concurrency(&[small, Arc::clone(&two_calls)], None), 38);
        assert_eq!(concurrency(&[two_calls], Some(3)), 3);
    }
}
