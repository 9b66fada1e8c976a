//! Our worker with a handler that streams, as a user would write it.

use runpod::{Stream, stream};
use worker_bench::{Input, item, slots_of};

#[runpod::main(stream, concurrency_modifier = slots_of)]
fn items(input: Input) -> impl Stream<Item = u64> {
    stream! {
        for _ in 0..input.items {
            yield item();
        }
    }
}
