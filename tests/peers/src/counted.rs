//! A worker whose handlers return how often its process has called the allocator. The test in `tests/peers/tests/cost`
//! is its endpoint.

use std::alloc::System;
use std::env;

use runpod::{Error, Stream, Worker, stream};
use serde::{Deserialize, Serialize};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[derive(Debug, Clone, Copy, Deserialize)]
struct Input {
    /// The number of items of a stream.
    #[serde(default)]
    items: usize,
    /// Whether the worker ends after this job.
    #[serde(default)]
    is_last: bool,
}

#[derive(Debug, Serialize)]
struct Count {
    /// The allocations of the whole process since its start, including calls that only change the size of an
    /// allocation.
    allocations: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_worker: Option<bool>,
}

impl Count {
    fn now(is_last: bool) -> Self {
        let stats = COUNTED.stats();
        Self {
            allocations: stats.allocations + stats.reallocations,
            refresh_worker: is_last.then_some(true),
        }
    }
}

async fn value(input: Input) -> Count {
    Count::now(input.is_last)
}

fn items(input: Input) -> impl Stream<Item = Count> {
    stream! {
        for _ in 0..input.items {
            yield Count::now(false);
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let worker = match env::var("COUNTED_KIND").as_deref() {
        Ok("stream") => Worker::builder().stream(items),
        _ => Worker::builder().handler(value),
    };
    let slots = env::var("COUNTED_SLOTS").ok();
    let slots = slots.and_then(|slots| slots.parse().ok()).unwrap_or(1);
    worker.concurrency(slots).run().await
}
