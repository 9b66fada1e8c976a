//! A worker of the kind that is only deployed: nothing that serves an endpoint is compiled into it.

use runpod::prelude::*;

#[derive(Deserialize)]
struct Greeting {
    name: String,
}

#[runpod::main]
async fn greet(greeting: Greeting) -> String {
    format!("Good day, {}!", greeting.name)
}
