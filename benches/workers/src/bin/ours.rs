//! Our worker with a handler that returns a value. It sets a fixed concurrency, because the worker would call a
//! `concurrency_modifier` on another thread before every job-take request.

use worker_bench::{Input, Output, slots, work};

async fn value(input: Input) -> Output {
    work(input).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runpod::Error> {
    let worker = runpod::Worker::builder().handler(value);
    worker.concurrency(slots()).run().await
}
