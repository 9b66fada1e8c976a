//! Handlers in a library, for the two workers in `src/bin`.

use runpod::prelude::*;

/// Input of both handlers.
#[derive(Debug, Deserialize)]
pub struct Text {
    text: String,
}

/// Counts words.
#[runpod::handler]
pub async fn count(input: Text) -> String {
    format!("{} words", input.text.split_whitespace().count())
}

/// Turns the text round.
#[runpod::handler(name = "backwards")]
pub fn reverse(input: Text) -> String {
    input.text.chars().rev().collect()
}
