//! A handler asks for a state that `main` does not make: the worker says so when it starts, before `main`'s body runs.

use my_handlers as _;
use runpod::prelude::*;

struct Model;
struct Tokenizer;

#[runpod::main(handler = embed)]
fn main() -> Tokenizer {
    panic!("a long set-up that would have been for nothing")
}

#[runpod::handler]
async fn embed(input: String, model: State<Model>) -> usize {
    let _model = model;
    input.len()
}
