use runpod::prelude::*;

#[derive(Deserialize)]
struct Prompt {
    text: String,
}

#[runpod::handler(stream, nam = "words")]
async fn words(prompt: &Prompt, ctx: &JobContext) -> impl Iterator<Item = String> {
    ctx.progress("none");
    std::iter::once(prompt.text.clone())
}

fn main() {}
