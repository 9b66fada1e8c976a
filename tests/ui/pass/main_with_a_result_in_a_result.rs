use std::sync::Arc;

use runpod::prelude::*;

struct Model(String);

fn load() -> anyhow::Result<Arc<Model>> {
    Ok(Arc::new(Model("tiny".to_owned())))
}

#[runpod::main]
async fn main() -> Result<anyhow::Result<Arc<Model>>, tokio::task::JoinError> {
    tokio::task::spawn_blocking(load).await
}

#[runpod::handler]
async fn ask(_input: Value, model: State<Model>) -> String {
    model.0.clone()
}
