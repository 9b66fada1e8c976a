use runpod::prelude::*;

#[derive(Deserialize)]
struct Prompt {
    text: String,
}

#[derive(Deserialize)]
struct Settings {
    length: usize,
}

#[runpod::handler]
async fn generate(prompt: Prompt, settings: Settings) -> String {
    prompt.text.chars().take(settings.length).collect()
}

fn main() {}
