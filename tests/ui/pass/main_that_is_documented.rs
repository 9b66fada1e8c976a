//! A fully documented worker in a crate that requires documentation.
#![deny(missing_docs, clippy::missing_docs_in_private_items, clippy::pedantic)]
#![deny(warnings, unused, nonstandard_style, future_incompatible, unreachable_pub)]
#![forbid(unsafe_code, non_ascii_idents)]

/// The state that handlers share.
#[derive(Debug)]
pub struct Model;

/// Makes the model.
///
/// This takes a while.
#[runpod::main]
pub async fn main() -> Model {
    Model
}

/// Greets.
#[runpod::handler]
pub fn greet(name: runpod::serde_json::Value) -> String {
    name.to_string()
}
