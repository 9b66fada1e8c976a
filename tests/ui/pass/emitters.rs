use runpod::prelude::*;

use runpod::Cancelled;

#[runpod::handler(stream)]
async fn asynchronous(to: u32, out: Emitter<u32>) -> Result<(), Cancelled> {
    for number in 0..to {
        out.send(number).await?;
    }
    Ok(())
}

#[runpod::handler(stream)]
fn blocking(out: Emitter<Value>, input: Value) {
    let _ = out.blocking_send(input);
}

#[runpod::handler(stream)]
async fn both(out: Emitter<u32>, to: u32) -> anyhow::Result<()> {
    let again = out.clone();
    out.send(to).await?;
    again.send(to).await?;
    Ok(())
}

fn main() {}
