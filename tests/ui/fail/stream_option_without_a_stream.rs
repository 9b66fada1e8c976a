#[runpod::handler(stream)]
async fn generate(text: String) -> String {
    text
}

fn main() {}
