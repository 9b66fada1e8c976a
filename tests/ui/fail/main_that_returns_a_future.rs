use std::future::Future;

struct Model;

async fn load() -> Model {
    Model
}

#[runpod::main]
fn main() -> impl Future<Output = Model> {
    load()
}
