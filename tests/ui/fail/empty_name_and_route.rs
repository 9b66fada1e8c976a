#[runpod::main(name = "", route = "")]
async fn greet(name: String) -> String {
    name
}
