//! Handlers in a library, for the workers in `src/bin`.

use runpod::prelude::*;

/// The input of both handlers.
#[derive(Debug, Deserialize)]
pub struct Text {
    text: String,
}

/// Counts words.
#[runpod::handler]
pub async fn count(input: Text) -> String {
    format!("{} words", input.text.split_whitespace().count())
}

/// Reverses the text.
#[runpod::handler(name = "backwards")]
pub fn reverse(input: Text) -> String {
    input.text.chars().rev().collect()
}
