//! Several handlers in one worker: `route` names the key of the input that says which of them a job is for.
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

// Under another name than the function's, and of another kind: all that the handlers share is the worker.
#[runpod::handler(stream, name = "echo-thrice")]
fn echo(input: Text) -> impl Iterator<Item = String> {
    iter::repeat_n(input.text, 3)
}
