//! The attributes in a crate with strict lints.
#![forbid(unsafe_code)]
#![deny(missing_docs, unused, unused_qualifications, rust_2018_idioms, warnings)]

use runpod::prelude::*;

/// The worker's state.
pub struct Model;

#[runpod::main(concurrency = 2)]
async fn main() -> Result<Model, std::io::Error> {
    Ok(Model)
}

/// Greets.
#[runpod::handler]
pub async fn greet(name: Value, ctx: JobContext, model: State<Model>) -> String {
    let Model = *model;
    ctx.progress("greeting");
    name.to_string()
}
