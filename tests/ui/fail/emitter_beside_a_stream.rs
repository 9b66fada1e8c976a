use runpod::prelude::*;

#[runpod::handler(stream)]
fn count(to: u32, out: Emitter<u32>) -> impl Stream<Item = u32> {
    let _ = out;
    stream! {
        yield to;
    }
}

fn main() {}
