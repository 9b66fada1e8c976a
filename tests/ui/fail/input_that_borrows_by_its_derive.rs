use runpod::prelude::*;

#[derive(Deserialize)]
struct Prompt<'a> {
    text: &'a str,
}

#[runpod::handler]
fn generate(input: Prompt<'_>) -> usize {
    input.text.len()
}

fn main() {}
