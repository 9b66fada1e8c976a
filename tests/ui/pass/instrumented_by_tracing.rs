use runpod::prelude::*;

#[runpod::handler]
#[tracing::instrument(skip(ctx))]
async fn below(name: String, ctx: JobContext) -> Result<String, String> {
    ctx.progress(&name);
    Ok(name)
}

#[tracing::instrument]
#[runpod::handler]
async fn above(name: String) -> String {
    name
}

#[runpod::handler]
#[tracing::instrument(ret, err)]
fn blocking(name: String) -> Result<String, String> {
    Ok(name)
}

fn main() {}
