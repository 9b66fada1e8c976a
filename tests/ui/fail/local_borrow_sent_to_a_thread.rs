#[runpod::handler]
async fn count(text: String) -> usize {
    let words = text.as_str();
    tokio::spawn(async move { words.len() }).await.unwrap_or(0)
}

fn main() {}
