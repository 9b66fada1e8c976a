//! A worker whose items have to be documented, and are.
#![deny(missing_docs, clippy::missing_docs_in_private_items, clippy::pedantic)]
#![deny(warnings, unused, nonstandard_style, future_incompatible, unreachable_pub)]
#![forbid(unsafe_code, non_ascii_idents)]

/// What handlers share.
#[derive(Debug)]
pub struct Model;

/// Makes the model.
///
/// It takes a while.
#[runpod::main]
pub async fn main() -> Model {
    Model
}

/// Greets.
#[runpod::handler]
pub fn greet(name: runpod::serde_json::Value) -> String {
    name.to_string()
}
