//! A worker without the default features, so that it does not contain the code of the local endpoint.

use runpod::prelude::*;

#[derive(Deserialize)]
struct Greeting {
    name: String,
}

#[runpod::main]
async fn greet(greeting: Greeting) -> String {
    format!("Good day, {}!", greeting.name)
}
