//! Our worker in the conformance suite. Its handlers do what the job's input says.
//!
//! `python_peer.py` builds the same workers under the same names with the real SDK. After each progress update, a
//! handler waits for a line on standard input. The suite writes the line when the update has arrived, so that no order
//! depends on timing.

mod batch;
mod fit;
mod input;
mod plan;
mod streams;

use std::time::Duration;

use input::{Mock, line, line_async};
use plan::{Plan, Reply, Task};
use runpod::{Batching, Job, JobContext, Worker};
use serde_json::Value;

async fn asynchronous(job: Job<Plan>, ctx: JobContext) -> Result<Reply, String> {
    for update in &job.input.progress {
        ctx.progress(update);
        line_async().await;
    }
    if let Task::Hang = job.input.task {
        ctx.progress("hanging");
        std::future::pending::<()>().await;
    }
    if job.input.wait {
        line_async().await;
    }
    plan::reply(job)
}

/// Blocks its thread forever, which no async handler should do.
async fn stubborn() {
    loop {
        std::thread::park();
    }
}

/// Declares the worker broken, but still finishes the job.
async fn broken(ctx: JobContext) -> &'static str {
    ctx.mark_unhealthy("the GPU has fallen off the bus");
    "the last one"
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a handler owns its arguments"
)]
fn plain(job: Job<Plan>, ctx: JobContext) -> Result<Reply, String> {
    for update in &job.input.progress {
        ctx.progress(update);
        line();
    }
    plan::reply(job)
}

async fn timed(job: Job<Plan>, ctx: JobContext) -> Result<Reply, String> {
    let whole = ctx.checkpoint("whole");
    drop(ctx.checkpoint("part"));
    let never_stopped = ctx.checkpoint("never stopped");
    drop(whole);
    std::mem::forget(never_stopped);
    plan::reply(job)
}

async fn mock(input: Mock) -> Value {
    tokio::time::sleep(Duration::from_secs_f64(input.mock_delay)).await;
    input.mock_return
}

#[tokio::main]
async fn main() -> Result<(), runpod::Error> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let worker = Worker::builder();
    let worker = match name.as_str() {
        "async" => worker.handler(asynchronous),
        "plain" => worker.blocking(plain),
        "four" => worker.handler(asynchronous).concurrency(4),
        "broken" => worker.handler(broken),
        "stubborn" => worker.handler(stubborn).concurrency(64),
        "four-by-modifier" => worker
            .handler(asynchronous)
            .concurrency_modifier(|_current| 4),
        "refresh" => worker.handler(asynchronous).refresh_worker(true),
        "stream" => worker.stream(streams::stream),
        "iterator" => worker.stream(streams::iterator),
        "emitter" => worker.stream(streams::emitter),
        "stream-aggregate" => worker.stream(streams::stream).return_aggregate_stream(true),
        "iterator-aggregate" => worker
            .stream(streams::iterator)
            .return_aggregate_stream(true),
        "stream-refresh" => worker.stream(streams::stream).refresh_worker(true),
        "fit" => fit::fit(worker),
        "unfit" => fit::unfit(worker),
        "timed" => worker.handler(timed),
        "mock" => worker.handler(mock),
        "batch" => worker.batch(batch::batched, Batching::new().max_batch_size(4)),
        "mock-iterator" => worker
            .stream(streams::mock_iterator)
            .return_aggregate_stream(true),
        "mock-stream" => worker
            .stream(streams::mock_stream)
            .return_aggregate_stream(true),
        unknown => {
            eprintln!("no worker is named {unknown:?}");
            std::process::exit(2);
        }
    };
    worker.run().await
}
