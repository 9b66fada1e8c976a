use std::sync::Arc;

struct Model;

#[runpod::handler]
async fn generate(input: String, model: Arc<Model>) -> String {
    let _ = model;
    input
}

fn main() {}
