use runpod::prelude::*;

#[runpod::main]
async fn main(input: String, ctx: Context) -> String {
    ctx.progress("starting");
    input
}
