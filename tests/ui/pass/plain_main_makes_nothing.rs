use runpod::prelude::*;

#[runpod::main]
fn main() {
    assert_eq!(2 + 2, 4);
}

#[runpod::handler]
fn echo(input: Value) -> Value {
    input
}
