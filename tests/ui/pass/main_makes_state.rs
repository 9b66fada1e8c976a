use runpod::prelude::*;

struct Model(String);

#[runpod::main(refresh_worker = true)]
async fn main() -> anyhow::Result<Model> {
    Ok(Model("tiny".to_owned()))
}

#[runpod::handler]
async fn ask(_input: Value, model: State<Model>) -> String {
    model.0.clone()
}
