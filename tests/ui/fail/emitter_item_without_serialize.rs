use runpod::prelude::*;

struct Token;

#[runpod::handler(stream)]
async fn words(count: usize, out: Emitter<Token>) {
    for _ in 0..count {
        let _ = out.send(Token).await;
    }
}

fn main() {}
