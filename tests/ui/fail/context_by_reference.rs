use runpod::prelude::*;

#[runpod::handler]
async fn greet(name: String, ctx: &JobContext) -> String {
    ctx.progress("greeting");
    name
}

fn main() {}
