use runpod::prelude::*;

#[derive(Deserialize)]
struct Prompt {
    text: String,
}

impl Prompt {
    #[runpod::handler]
    async fn generate(input: Self) -> String {
        input.text
    }
}

fn main() {}
