//! The names that most workers need: `use runpod::prelude::*`.
//!
//! ```
//! use runpod::prelude::*;
//! use runpod::testing;
//!
//! #[derive(Deserialize)]
//! struct Greeting {
//!     name: String,
//! }
//!
//! #[runpod::handler]
//! async fn greet(input: Greeting, phrase: State<String>) -> Value {
//!     json!(format!("{}, {}!", *phrase, input.name))
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! let job = testing::Job::new(json!({ "name": "Ada" })).state("Good day".to_owned());
//! assert_eq!(job.run(greet).await.output, Some(json!("Good day, Ada!")));
//! # }
//! ```
//!
//! serde's derives name the crate `serde`, so it has to be in your own manifest, too:
//!
//! ```toml
//! serde = { version = "1", features = ["derive"] }
//! ```
//!
//! `main` is not among them: `#[runpod::main]` reads better with its crate. Nor is [`testing`](crate::testing), whose `Job`
//! is another one.

pub use crate::{
    Context, Emitter, Job, JobContext, State, Stream, handler, json, stream, try_stream,
};
pub use serde::{Deserialize, Serialize};
pub use serde_json::Value;
