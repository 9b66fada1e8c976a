#[runpod::main(concurrency, route = , name)]
async fn greet(name: String) -> String {
    name
}
