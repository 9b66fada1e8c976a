use runpod::prelude::*;

#[runpod::main]
async fn main(input: String, ctx: JobContext) -> String {
    ctx.progress("starting");
    input
}
