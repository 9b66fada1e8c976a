use runpod::prelude::*;

#[derive(Deserialize)]
struct Greeting {
    name: String,
}

#[runpod::main]
async fn greet(input: Greeting) -> String {
    format!("Hello, {}!", input.name)
}
