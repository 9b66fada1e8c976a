#[runpod::main(concurrency = 4, min_concurrency = 2, max_concurrency = 8)]
async fn greet(name: String) -> String {
    name
}
