async fn load(name: String) -> String {
    name
}

#[runpod::handler]
fn greet(name: String) -> String {
    load(name).await
}

fn main() {}
