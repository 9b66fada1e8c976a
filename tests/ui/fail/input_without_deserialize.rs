struct Prompt {
    text: String,
}

#[runpod::handler]
async fn generate(input: Prompt) -> String {
    input.text
}

fn main() {}
