#[runpod::main(concurrency = 2 refresh_worker = true)]
async fn greet(name: String) -> String {
    name
}
