use runpod::openai::ChatRequest;
use runpod::prelude::*;

#[runpod::handler(openai = "chat.completions")]
fn chat(request: ChatRequest, input: Value) -> impl Iterator<Item = String> {
    [request.model, input.to_string()].into_iter()
}

fn main() {}
