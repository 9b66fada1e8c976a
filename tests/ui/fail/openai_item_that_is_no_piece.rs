use runpod::openai::ChatRequest;

#[runpod::handler(openai = "chat.completions")]
fn chat(request: ChatRequest) -> impl Iterator<Item = u32> {
    0..request.messages.len() as u32
}

fn main() {}
