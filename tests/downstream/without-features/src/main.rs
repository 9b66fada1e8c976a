//! A worker that is only deployed: the code of the local endpoint is not compiled into it.

use runpod::prelude::*;

#[derive(Deserialize)]
struct Greeting {
    name: String,
}

#[runpod::main]
async fn greet(greeting: Greeting) -> String {
    format!("Good day, {}!", greeting.name)
}
