//! Our worker; `worker.py` is the same on the SDK.

use std::time::Duration;

use runpod::{Error, Stream, Worker, stream};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Wish {
    ms: u64,
}

async fn value(wish: Wish) -> u64 {
    tokio::time::sleep(Duration::from_millis(wish.ms)).await;
    wish.ms
}

fn items(_wish: Wish) -> impl Stream<Item = u32> {
    stream! {
        for number in 0..3 {
            yield number;
        }
    }
}

pub(crate) fn run(kind: &str, slots: usize) -> Result<(), Error> {
    let worker = match kind {
        "stream" => Worker::builder().stream(items),
        _ => Worker::builder().handler(value),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(worker.concurrency(slots).run())
}
