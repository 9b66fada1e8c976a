use runpod::prelude::*;

#[derive(Debug)]
struct NoModel;

impl std::fmt::Display for NoModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no model")
    }
}

impl std::error::Error for NoModel {}

type Loaded<T> = Result<T, NoModel>;

struct Model;

#[runpod::main]
async fn main() -> Loaded<Model> {
    Ok(Model)
}

#[runpod::handler]
fn known(model: State<Model>) -> bool {
    let Model = *model;
    true
}
