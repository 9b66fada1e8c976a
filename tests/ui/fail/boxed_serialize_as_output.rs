use runpod::prelude::*;

#[runpod::handler]
async fn answer(yes: bool, ctx: JobContext) -> Box<dyn Serialize> {
    ctx.progress("thinking");
    if yes { Box::new(1) } else { Box::new("no") }
}

#[runpod::handler]
async fn answers(count: usize) -> Result<Vec<Box<dyn serde::Serialize + Send>>, String> {
    Ok((0..count).map(|_| Box::new(1) as Box<_>).collect())
}

fn main() {}
