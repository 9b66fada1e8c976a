#[tokio::main]
#[runpod::handler]
async fn greet(name: String) -> String {
    name
}

fn main() {}
