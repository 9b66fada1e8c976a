struct Model;

#[runpod::handler]
async fn generate(input: String, model: Model) -> String {
    let _ = model;
    input
}

fn main() {}
