use runpod::prelude::*;

#[runpod::handler]
async fn greet(name: String, ctx: &Context) -> String {
    ctx.progress("greeting");
    name
}

fn main() {}
