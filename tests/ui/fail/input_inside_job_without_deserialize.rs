use runpod::prelude::*;

struct Prompt {
    text: String,
}

#[runpod::handler]
async fn generate(job: Job<Prompt>) -> String {
    job.input.text
}

fn main() {}
