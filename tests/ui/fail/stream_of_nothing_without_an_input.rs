use runpod::prelude::*;

#[runpod::handler(stream)]
async fn generate(ctx: JobContext) -> Result<(), String> {
    ctx.progress("nothing");
    Ok(())
}

fn main() {}
