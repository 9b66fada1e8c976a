use runpod::prelude::*;

const LIMIT: u32 = 4;
const NOTHING: usize = 0;
const NAME: &str = "";

fn threads() -> usize {
    2
}

#[runpod::main(
    concurrency = LIMIT,
    max_consecutive_failures = NOTHING,
    worker_threads = threads(),
    refresh_worker = LIMIT,
    route = LIMIT
)]
async fn main() {}

#[runpod::handler(name = greet)]
async fn greet(name: Value) -> Value {
    name
}

#[runpod::handler(name = NAME)]
async fn echo(input: Value) -> Value {
    input
}

#[runpod::handler(name = MISSING)]
async fn other(input: Value) -> Value {
    input
}
