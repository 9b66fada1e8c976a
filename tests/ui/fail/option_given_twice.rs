#[runpod::main(concurrency = 2, concurrency = 4)]
async fn greet(name: String) -> String {
    name
}
