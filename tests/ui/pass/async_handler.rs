use runpod::prelude::*;

#[derive(Deserialize)]
struct Greeting {
    name: String,
}

#[runpod::handler]
async fn greet(input: Greeting) -> String {
    format!("Hello, {}!", input.name)
}

fn main() {}
