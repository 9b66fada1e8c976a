use runpod::prelude::*;

#[runpod::handler]
async fn count(to: u32, out: Emitter<u32>) {
    for number in 0..to {
        let _ = out.send(number).await;
    }
}

fn main() {}
