#[runpod::handler]
fn main() {}
