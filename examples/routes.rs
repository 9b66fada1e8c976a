//! Several handlers in one worker: `route` names the input key that selects the handler for a job.
//!
//! ```sh
//! cargo run --example routes -- --test_input '{"input": {"task": "count", "text": "to be or not to be"}}'
//! ```

use std::iter;

use runpod::prelude::*;

#[runpod::main(route = "task")]
fn main() {}

#[derive(Deserialize)]
struct Text {
    text: String,
}

#[runpod::handler]
async fn count(input: Text) -> String {
    format!("{} words", input.text.split_whitespace().count())
}

// This handler's name differs from its function's name, and it streams.
#[runpod::handler(stream, name = "echo-thrice")]
fn echo(input: Text) -> impl Iterator<Item = String> {
    iter::repeat_n(input.text, 3)
}
