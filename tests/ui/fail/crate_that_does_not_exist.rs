#[runpod::main(crate = worker)]
async fn greet(name: String) -> String {
    name
}
