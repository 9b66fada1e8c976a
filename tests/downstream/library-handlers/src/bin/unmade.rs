//! Has a handler whose state `main` does not make: the worker fails at start, before the body of `main` runs.

use my_handlers as _;
use runpod::prelude::*;

struct Model;
struct Tokenizer;

#[runpod::main(handler = embed)]
fn main() -> Tokenizer {
    panic!("the body of `main` must not run")
}

#[runpod::handler]
async fn embed(input: String, model: State<Model>) -> usize {
    let _model = model;
    input.len()
}
