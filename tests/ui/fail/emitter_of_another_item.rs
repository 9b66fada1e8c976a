use runpod::prelude::*;

#[runpod::handler(stream)]
async fn count(to: u32, out: Emitter<String>) {
    for number in 0..to {
        let _ = out.send(number).await;
    }
}

fn main() {}
