#[runpod::handler]
async fn asynchronous() -> u8 {
    1
}

#[runpod::handler]
fn blocking() -> u8 {
    1
}

#[runpod::handler(stream)]
fn stream() -> impl Iterator<Item = u8> {
    0..3
}

fn main() {}
