//! The worker chooses the concurrency itself. A bound may be a constant.

use runpod::prelude::*;

const MOST: usize = 32;

#[runpod::main(concurrency = "auto", min_concurrency = 2, max_concurrency = MOST)]
async fn greet(input: Value) -> Value {
    input
}
