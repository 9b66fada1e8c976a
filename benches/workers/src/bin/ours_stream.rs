//! Our worker with a streaming handler.

use runpod::{Stream, stream};
use worker_bench::{Input, item, slots};

fn items(Input { items, .. }: Input) -> impl Stream<Item = u64> {
    stream! {
        for _ in 0..items {
            yield item();
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runpod::Error> {
    let worker = runpod::Worker::builder().stream(items);
    worker.concurrency(slots()).run().await
}
