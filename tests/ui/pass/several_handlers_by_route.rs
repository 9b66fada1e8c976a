use runpod::prelude::*;

#[runpod::main(route = "name")]
fn main() {}

#[runpod::handler(name = "Ada")]
async fn ada(input: Value) -> Value {
    input
}

#[runpod::handler]
async fn grace(input: Value) -> Value {
    input
}
