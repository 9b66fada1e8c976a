use runpod::openai::ChatRequest;

#[runpod::handler(openai = "chat", model = "m")]
fn chat(request: ChatRequest) -> impl Iterator<Item = String> {
    std::iter::once(request.model)
}

fn main() {}
