#[runpod::main(route = task)]
async fn main() {}
