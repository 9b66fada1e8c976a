//! Runpod Serverless workers in Rust: one annotated function is a whole worker.
//!
//! ```no_run
//! use runpod::prelude::*;
//!
//! #[derive(Deserialize)]
//! struct Greeting {
//!     name: String,
//! }
//!
//! #[runpod::main]
//! async fn greet(input: Greeting) -> String {
//!     format!("Hello, {}!", input.name)
//! }
//! ```
//!
//! Build it, put it into a container image, and it takes jobs on Runpod. Anywhere else it runs one test job:
//!
//! ```sh
//! cargo run -- --test_input '{"input": {"name": "Ada"}}'
//! ```
//!
//! # What a handler is
//!
//! A function with [`#[runpod::handler]`](macro@handler), or with [`#[runpod::main]`](macro@main) where it is the whole
//! worker. Its arguments come in any order:
//!
//! | argument | gets |
//! | --- | --- |
//! | `T: Deserialize` | the job's `input` |
//! | [`Job<T>`](Job) | the input, the job's id, and all else that the platform sent |
//! | [`Context`] | progress, cancellation and refresh of the running job |
//! | [`State<T>`](State) | what `main` made before the first job |
//! | [`Emitter<T>`](Emitter) | the way out for the items of a `stream` handler |
//!
//! It returns anything that serialises, or a `Result` of it. An `async fn` runs on the worker's threads, a plain `fn` on
//! a thread of its own where it may block. With the option `stream` it gives a [`Stream`], an iterator, or sends items
//! through an [`Emitter`], and each item leaves as soon as it is there.
//!
//! # A worker with a model
//!
//! ```no_run
//! use runpod::prelude::*;
//!
//! struct Model;
//!
//! impl Model {
//!     fn words<'a>(&self, text: &'a str) -> impl Iterator<Item = &'a str> {
//!         text.split_whitespace()
//!     }
//! }
//!
//! #[runpod::main(refresh_worker = true, concurrency = 4)]
//! async fn main() -> std::io::Result<Model> {
//!     Ok(Model)
//! }
//!
//! #[derive(Deserialize)]
//! struct Prompt {
//!     text: String,
//! }
//!
//! #[runpod::handler(stream)]
//! fn generate(input: Prompt, ctx: Context, model: State<Model>) -> impl Stream<Item = Result<String, String>> {
//!     try_stream! {
//!         for (index, word) in model.words(&input.text).enumerate() {
//!             ctx.progress(json!({ "words": index }));
//!             yield word.to_uppercase();
//!         }
//!     }
//! }
//! ```
//!
//! # Features
//!
//! Both are off unless you turn them on. The details are in `docs/schema.md` of the repository.
//!
//! - `schema`: `--schema` prints the JSON Schema of handlers' inputs and outputs, where they derive
//!   `schemars::JsonSchema`;
//! - `validate`: inputs that derive `garde::Validate` are validated before their handler runs.
//!
//! # Where to go on
//!
//! - [`Worker::builder`] does the same without attributes;
//! - [`testing`] runs a handler on an input, for your own tests;
//! - the `docs` folder of the repository is the guide, and `examples` are complete workers.

pub mod prelude;

/// Makes a handler of a function.
///
/// ```
/// use runpod::prelude::*;
///
/// #[derive(Deserialize)]
/// struct Text {
///     text: String,
/// }
///
/// #[derive(Serialize)]
/// struct Count {
///     words: usize,
/// }
///
/// #[runpod::handler]
/// fn count(input: Text) -> Count {
///     Count { words: input.text.split_whitespace().count() }
/// }
///
/// #[runpod::handler(stream, name = "letters")]
/// fn spell(input: Text, ctx: Context) -> impl Stream<Item = char> {
///     stream! {
///         for (index, letter) in input.text.chars().enumerate() {
///             ctx.progress(index);
///             yield letter;
///         }
///     }
/// }
///
/// // The functions stay what they were.
/// assert_eq!(count(Text { text: "to be".to_owned() }).words, 2);
/// ```
pub use runpod_macros::handler;
/// Makes a worker of a function: of `main`, or of a handler.
///
/// ```no_run
/// use runpod::prelude::*;
///
/// struct Phrase(&'static str);
///
/// #[runpod::main(concurrency = 4, route = "task")]
/// async fn main() -> Phrase {
///     Phrase("Good day")
/// }
///
/// #[runpod::handler]
/// async fn greet(job: Job<Value>, phrase: State<Phrase>) -> String {
///     format!("{}, job {}!", phrase.0, job.id)
/// }
///
/// #[runpod::handler]
/// async fn echo(input: Value) -> Value {
///     input
/// }
/// ```
pub use runpod_macros::main;

pub use async_stream::{stream, try_stream};
pub use futures_core::Stream;
pub use runpod_runtime::{
    AsyncFunction, BlockingFunction, CancelReason, Cancelled, Checkpoint, Context, Emitter, Error,
    ErrorKind, FromJob, IntoFailure, IntoItems, IntoOutput, Job, State, StreamFunction, Worker,
    WorkerBuilder, args, signature, testing,
};
pub use serde_json::json;
pub use {serde, serde_json};

/// The garde whose `Validate` is looked for (feature `validate`). Its derive names the crate `garde`, so it has to be in
/// your own manifest, too, in the same version.
#[cfg(feature = "validate")]
pub use garde;
/// The schemars whose `JsonSchema` is looked for (feature `schema`). Its derive can be used from here, with
/// `#[schemars(crate = "runpod::schemars")]`, or from the same version in your own manifest.
#[cfg(feature = "schema")]
pub use schemars;

/// What the attributes' code names. Not public API: anything in it may change at any time.
#[doc(hidden)]
pub use runpod_runtime::__private;

/// The guides, so that their code is compiled and run with the documentation tests. `tests/guide` looks that none is
/// missing.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/coming-from-python.md")]
    mod coming_from_python {}
    #[doc = include_str!("../docs/concurrency.md")]
    mod concurrency {}
    #[doc = include_str!("../docs/errors.md")]
    mod errors {}
    #[doc = include_str!("../docs/handlers.md")]
    mod handlers {}
    #[doc = include_str!("../docs/local-endpoint.md")]
    mod local_endpoint {}
    #[doc = include_str!("../docs/progress.md")]
    mod progress {}
    #[doc = include_str!("../docs/protocol.md")]
    mod protocol {}
    #[doc = include_str!("../docs/quick-start.md")]
    mod quick_start {}
    #[doc = include_str!("../docs/refresh.md")]
    mod refresh {}
    #[doc = include_str!("../docs/running.md")]
    mod running {}
    #[cfg(all(feature = "schema", feature = "validate"))]
    #[doc = include_str!("../docs/schema.md")]
    mod schema {}
    #[doc = include_str!("../docs/state.md")]
    mod state {}
    #[doc = include_str!("../docs/streaming.md")]
    mod streaming {}
    #[doc = include_str!("../docs/testing.md")]
    mod testing {}

    #[doc = include_str!("../docs/recipes/chat.md")]
    mod recipe_chat {}
    #[doc = include_str!("../docs/recipes/embeddings.md")]
    mod recipe_embeddings {}
    #[doc = include_str!("../docs/recipes/long-jobs.md")]
    mod recipe_long_jobs {}
    #[doc = include_str!("../docs/recipes/several-handlers.md")]
    mod recipe_several_handlers {}
}
