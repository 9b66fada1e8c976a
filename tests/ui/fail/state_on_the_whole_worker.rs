use runpod::prelude::*;

struct Model;

#[runpod::main]
async fn predict(input: f64, model: State<Model>) -> f64 {
    input
}
