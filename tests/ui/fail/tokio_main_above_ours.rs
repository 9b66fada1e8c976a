#[tokio::main]
#[runpod::main]
async fn main() {}

#[runpod::handler]
async fn greet(name: String) -> String {
    name
}
