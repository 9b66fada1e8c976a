#[runpod::handler]
async fn shout(text: str) -> String {
    text.to_uppercase()
}

#[runpod::handler]
fn longest(words: [String]) -> usize {
    words.iter().map(String::len).max().unwrap_or(0)
}

#[runpod::handler]
fn show(value: dyn std::fmt::Display) -> String {
    value.to_string()
}

fn main() {}
