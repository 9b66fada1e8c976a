struct Model;

#[runpod::handler]
impl Model {}

fn main() {}
