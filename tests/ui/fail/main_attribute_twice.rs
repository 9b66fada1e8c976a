#[runpod::main]
async fn greet(name: String) -> String {
    name
}

#[runpod::main]
async fn shout(name: String) -> String {
    name.to_uppercase()
}
