//! Our worker with a handler that returns a value. The builder takes the number of slots as it comes; a
//! `concurrency_modifier` would be asked, on another thread, before every take.

use worker_bench::{Input, Output, slots, work};

async fn value(input: Input) -> Output {
    work(input).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runpod::Error> {
    let worker = runpod::Worker::builder().handler(value);
    worker.concurrency(slots()).run().await
}
