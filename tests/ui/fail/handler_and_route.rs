#[runpod::handler]
async fn greet(name: String) -> String {
    name
}

#[runpod::main(handler = greet, route = "task")]
async fn main() {}
