#[runpod::main(concurrency(4))]
async fn greet(name: String) -> String {
    name
}
