use runpod::prelude::*;

#[runpod::handler]
async fn generate(job: Job<Value>, input: Value) -> bool {
    job.input == input
}

fn main() {}
