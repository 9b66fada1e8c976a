//! A fresh container after every job: `refresh_worker = true`. The worker posts the result, requests a replacement and
//! exits. If only some jobs need a fresh container, see `refresh_on_demand.rs`.
//!
//! ```sh
//! cargo run --example refresh -- --test_input '{"input": {"text": "to be"}}'
//! ```

use std::{env, fs, io, process};

use runpod::prelude::*;

#[derive(Deserialize)]
struct Draft {
    text: String,
}

#[runpod::main(refresh_worker = true)]
fn typeset(draft: Draft) -> io::Result<String> {
    // A customer's file can remain on the disk, where jobs of other customers must not find it.
    let path = env::temp_dir().join(format!("draft-{}", process::id()));
    fs::write(&path, draft.text)?;
    Ok(fs::read_to_string(path)?.to_uppercase())
}
