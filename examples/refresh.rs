//! A fresh container after every job: `refresh_worker = true`. The worker sends its result, asks to be replaced and exits.
//! How a single job asks for it, where most need none, is in `refresh_on_demand.rs`.
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
    // What one customer's job leaves on the disk, no other customer's job may find.
    let path = env::temp_dir().join(format!("draft-{}", process::id()));
    fs::write(&path, draft.text)?;
    Ok(fs::read_to_string(path)?.to_uppercase())
}
