use runpod::prelude::*;

#[runpod::handler(stream)]
async fn generate(text: String, ctx: JobContext) {
    ctx.progress(text);
}

fn main() {}
