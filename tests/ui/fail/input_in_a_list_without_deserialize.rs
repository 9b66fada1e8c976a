struct Prompt;

#[runpod::handler]
fn generate(inputs: Vec<Prompt>) -> usize {
    inputs.len()
}

fn main() {}
