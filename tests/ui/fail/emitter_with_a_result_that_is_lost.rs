use runpod::prelude::*;

#[runpod::handler(stream)]
async fn count(to: u32, out: Emitter<u32>) -> u32 {
    let _ = out.send(to).await;
    to
}

fn main() {}
