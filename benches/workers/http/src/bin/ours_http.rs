//! Our worker, which serves a value and a stream over HTTP.

use runpod::{Stream, stream};
use worker_bench::{Input, Output, item, slots, work};

async fn value(input: Input) -> Output {
    work(input).await
}

fn items(Input { items, .. }: Input) -> impl Stream<Item = u64> {
    stream! {
        for _ in 0..items {
            yield item();
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runpod::Error> {
    let worker = runpod::Worker::builder()
        .handler(value)
        .named("value")
        .stream(items)
        .named("items");
    worker.route("handler").concurrency(slots()).run().await
}
