use runpod::prelude::*;

#[runpod::main(concurrency = 2, max_consecutive_failures = 3, worker_threads = 1)]
fn greet(input: Value) -> Value {
    input
}
