#[runpod::main]
#[runpod::main]
async fn greet(name: String) -> String {
    name
}
