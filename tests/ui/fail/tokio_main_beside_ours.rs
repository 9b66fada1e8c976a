#[runpod::main]
#[tokio::main]
async fn main() {}
