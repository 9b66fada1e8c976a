//! Our worker with a handler that returns a value, as a user would write it.

use worker_bench::{Input, Output, slots_of, work};

#[runpod::main(concurrency_modifier = slots_of)]
async fn value(input: Input) -> Output {
    work(input).await
}
