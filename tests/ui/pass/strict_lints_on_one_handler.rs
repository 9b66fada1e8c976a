//! The attributes in a crate with strict lints.
#![forbid(unsafe_code)]
#![deny(missing_docs, warnings, let_underscore_drop, single_use_lifetimes, unit_bindings, unused_results)]

use runpod::prelude::*;

/// Streams the letters of a text.
#[runpod::main(stream)]
fn spell(input: Value, _: JobContext) -> impl Iterator<Item = char> {
    let text = input.to_string();
    let letters: Vec<_> = text.chars().collect();
    letters.into_iter()
}
