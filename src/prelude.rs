//! The names that most workers need: `use runpod::prelude::*`.
//!
//! serde's derives name the crate `serde`, so it has to be in your own manifest, too:
//!
//! ```toml
//! serde = { version = "1", features = ["derive"] }
//! ```
//!
//! `main` is not among them: `#[runpod::main]` reads better with its crate.

pub use crate::{Context, Emitter, Job, State, Stream, handler, json, stream, try_stream};
pub use serde::{Deserialize, Serialize};
pub use serde_json::Value;
