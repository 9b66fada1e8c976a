use runpod::prelude::*;

#[cfg(not(windows))]
#[runpod::main]
async fn echo(input: Value) -> Value {
    input
}

#[cfg(windows)]
fn main() {}
