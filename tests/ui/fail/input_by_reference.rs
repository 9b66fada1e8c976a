use runpod::prelude::*;

#[derive(Deserialize)]
struct Prompt {
    text: String,
}

#[runpod::handler]
fn generate(input: &Prompt) -> usize {
    input.text.len()
}

fn main() {}
