use runpod::openai::ChatRequest;

#[runpod::handler(stream, model = "m", context_window = 8)]
fn chat(request: ChatRequest) -> impl Iterator<Item = String> {
    std::iter::once(request.model)
}

fn main() {}
