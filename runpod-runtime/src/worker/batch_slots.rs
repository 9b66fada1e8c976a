//! The batchers of a worker's handlers, and the number of slots that they need.

use std::sync::Arc;

use super::events::WorkerEvent;
use crate::handler::{Dispatch, HandlerBatcher};

/// Returns the batchers of all batch handlers. From now on, their calls are events of the worker.
pub(super) fn batchers(dispatch: &Dispatch) -> Arc<[Arc<HandlerBatcher>]> {
    let handlers = dispatch.handlers();
    let batchers = handlers.filter_map(|handler| {
        let batcher = handler.batcher.clone()?;
        let name = handler.name.clone();
        batcher.on_call(move |call| {
            let handler = name.as_str();
            WorkerEvent::BatchCalled { handler, call }.emit();
        });
        Some(batcher)
    });
    batchers.collect()
}

/// Returns how many slots the batch handlers need, so that while one call runs, there are slots for the jobs of the next
/// one. Without batch handlers, this is 1.
pub(super) fn needed(batchers: &[Arc<HandlerBatcher>]) -> usize {
    let limits = batchers.iter().map(|it| it.limits());
    let wanted = limits.map(|it| {
        let calls = it.concurrent_batches.max(1).saturating_add(1);
        it.max_batch_size.max(1).saturating_mul(calls)
    });
    wanted.reduce(usize::saturating_add).unwrap_or(1)
}

/// Returns how many jobs may run at once. `chosen` is the user's choice.
pub(super) fn concurrency(batchers: &[Arc<HandlerBatcher>], chosen: Option<usize>) -> usize {
    let Some(chosen) = chosen else {
        return needed(batchers);
    };
    warn_of_few(batchers, "concurrency", chosen);
    chosen
}

/// Warns if no call can be full, because this option of the user's allows only this many jobs at once.
pub(super) fn warn_of_few(batchers: &[Arc<HandlerBatcher>], option: &str, jobs: usize) {
    let largest = batchers.iter().map(|it| it.limits().max_batch_size).max();
    let largest = largest.unwrap_or(0);
    if jobs < largest {
        tracing::warn!(
            "no call can have more than {jobs} jobs, because `{option}` is {jobs}; `max_batch_size` is {largest}. Set \
             `{option}` to at least twice the size of a batch, or remove it."
        );
    }
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
