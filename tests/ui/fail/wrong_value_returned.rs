#[runpod::handler]
async fn count(text: String) -> usize {
    text
}

fn main() {}
