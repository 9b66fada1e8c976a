#[runpod::handler]
unsafe fn generate(input: String) -> String {
    input
}

fn main() {}
