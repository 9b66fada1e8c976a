#[runpod::handler]
async fn greet(name: String) -> String;

fn main() {}
