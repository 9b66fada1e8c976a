#[runpod::handler]
async fn greet(name: String) -> String {
    name
}

#[runpod::main(handler = great)]
async fn main() {}
