#[runpod::main(stream, name = "greet")]
async fn main() {}
