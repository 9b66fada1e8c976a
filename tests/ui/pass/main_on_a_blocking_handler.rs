use runpod::prelude::*;

#[runpod::main(concurrency = 2, worker_threads = 1)]
fn greet(input: Value) -> Value {
    input
}
