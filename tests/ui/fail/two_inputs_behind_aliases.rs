use runpod::prelude::*;

type Width = u32;
type Everything = Job<Value>;

#[runpod::handler]
async fn generate(width: Width, ctx: JobContext, all: Everything) -> u32 {
    ctx.progress(all.id);
    width
}

fn main() {}
