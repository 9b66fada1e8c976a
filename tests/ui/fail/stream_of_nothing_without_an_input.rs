use runpod::prelude::*;

#[runpod::handler(stream)]
async fn generate(ctx: Context) -> Result<(), String> {
    ctx.progress("nothing");
    Ok(())
}

fn main() {}
