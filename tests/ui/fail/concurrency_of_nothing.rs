#[runpod::main(concurrency = 0, worker_threads = 0)]
async fn greet(name: String) -> String {
    name
}
