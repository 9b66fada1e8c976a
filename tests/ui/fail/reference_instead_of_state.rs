struct Model {
    scale: f64,
}

#[runpod::handler]
fn scale(input: f64, model: &Model) -> f64 {
    input * model.scale
}

fn main() {}
