#[runpod::main(concurrency = -1)]
async fn greet(name: String) -> String {
    name
}
