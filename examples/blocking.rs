//! A plain `fn` as a handler. It runs on a thread that it may block for as long as it needs, without `spawn_blocking`.
//! It delays neither other jobs nor the worker's heartbeat.
//!
//! ```sh
//! cargo run --example blocking -- --test_input '{"input": {"path": "README.md"}}'
//! ```

use std::path::PathBuf;
use std::{fs, io};

use runpod::prelude::*;

#[derive(Deserialize)]
struct Document {
    path: PathBuf,
}

#[runpod::main(concurrency = 4)]
fn count_words(document: Document) -> io::Result<String> {
    let text = fs::read_to_string(document.path)?;
    Ok(format!("{} words", text.split_whitespace().count()))
}
