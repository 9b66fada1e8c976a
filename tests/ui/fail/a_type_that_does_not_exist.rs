#[runpod::handler]
async fn generate(input: Promt) -> String {
    input.text
}

fn main() {}
