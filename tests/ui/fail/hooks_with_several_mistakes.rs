use runpod::prelude::*;

struct Model;

#[runpod::main]
fn main() -> Model {
    Model
}

#[runpod::handler]
fn answer(text: String) -> String {
    text
}

#[runpod::fitness_check(timeout = 5, concurrency = 2)]
fn has_memory<T>(model: &Model, other: State<T>) -> Result<(), String> {
    Ok(())
}

#[runpod::on_shutdown(timeout_s = 0, name = 3)]
unsafe fn unload(model: State<Model>) {}
