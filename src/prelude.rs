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
//! serde's derives refer to the crate `serde`, so your own manifest needs it too:
//!
//! ```toml
//! serde = { version = "1", features = ["derive"] }
//! ```
//!
//! The prelude does not contain `main`, because `#[runpod::main]` reads better with its crate. It does not contain
//! [`testing`](crate::testing) either, which has a different type called `Job`.

pub use crate::{
    Context, Emitter, Job, JobContext, State, Stream, handler, json, stream, try_stream,
};
pub use serde::{Deserialize, Serialize};
pub use serde_json::Value;
