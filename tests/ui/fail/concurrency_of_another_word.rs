#[runpod::main(concurrency = "many", min_concurrency = 0)]
async fn greet(name: String) -> String {
    name
}
