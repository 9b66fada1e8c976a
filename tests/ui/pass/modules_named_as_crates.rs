#![forbid(unsafe_code)]
#![allow(dead_code, unused_macros)]

mod core {}
mod std {}
mod alloc {}
mod runpod {}
mod serde {}
mod inventory {}
mod futures {
    // In a module, `main` is an ordinary name.
    pub fn main() {}
}

macro_rules! file {
    () => {
        compile_error!("not this one")
    };
}
macro_rules! line {
    () => {
        compile_error!("not this one")
    };
}

use ::runpod::prelude::{Deserialize, State};

#[derive(Deserialize)]
struct Input {
    name: String,
}

struct Model;

#[::runpod::main]
fn main() -> Model {
    futures::main();
    Model
}

#[::runpod::handler]
async fn greet(input: Input, model: State<Model>) -> String {
    let Model = *model;
    input.name
}
