use runpod::prelude::*;

const LIMIT: usize = 4;

struct Of;

impl Of {
    const NAME: &'static str = "Ada";
    const fn threads() -> usize {
        LIMIT / 2
    }
}

mod keys {
    pub static ROUTE: &str = "name";
    pub const ROUTE_KEY: &str = ROUTE;
}

#[runpod::main(
    concurrency = LIMIT,
    max_consecutive_failures = LIMIT - 1,
    worker_threads = Of::threads(),
    refresh_worker = cfg!(windows),
    return_aggregate_stream = !cfg!(windows),
    route = keys::ROUTE_KEY,
    concurrency_modifier = |now| now + LIMIT,
)]
async fn main() {}

#[runpod::handler(name = Of::NAME)]
async fn greet(name: Value) -> Value {
    name
}

#[runpod::handler(stream, name = concat!("count", "er"))]
fn count(to: u32) -> impl Iterator<Item = u32> {
    0..to
}
