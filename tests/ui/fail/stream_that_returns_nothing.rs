use runpod::prelude::*;

#[runpod::handler(stream)]
async fn generate(text: String, ctx: Context) {
    ctx.progress(text);
}

fn main() {}
