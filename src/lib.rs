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
//! The package is `runpod-worker`, the library in it `runpod`. serde has to be in your manifest as well, for the derives
//! of your own types:
//!
//! ```toml
//! [dependencies]
//! runpod-worker = { path = "../runpod-worker" } # or `git = "…"`: it is not published yet
//! serde = { version = "1", features = ["derive"] }
//! ```
//!
//! Build it, put it into a container image, and it takes jobs on Runpod. Anywhere else it runs one test job, or is a whole
//! endpoint with a page to try it on:
//!
//! ```sh
//! cargo run -- --test_input '{"input": {"name": "Ada"}}'
//! cargo run -- --rp_serve_api
//! ```
//!
//! # What there is
//!
//! | | |
//! | --- | --- |
//! | [`#[runpod::main]`](macro@main), [`#[runpod::handler]`](macro@handler) | make a worker, and a handler, of a function |
//! | [`Job`], [`JobContext`], [`State`], [`Emitter`] | what a handler may ask for, beside its input; [`Context`] is another name of [`JobContext`] |
//! | [`stream!`], [`try_stream!`], [`Stream`], [`Cancelled`] | for handlers that stream |
//! | [`CancelReason`], [`Checkpoint`] | what a [`JobContext`] gives |
//! | [`HandlerError`] | an error with a name that clients know it by |
//! | [`Worker`], [`WorkerBuilder`], [`Error`], [`ErrorKind`] | a worker without attributes, and why it ended badly |
//! | [`args`] | the arguments that are your program's, not the worker's |
//! | [`json!`], [`serde_json`], [`serde`] | the versions of them that this crate uses |
//! | [`prelude`] | the names that most workers need: `use runpod::prelude::*` |
//! | [`testing`] | runs a handler on an input, for your own tests |
//! | [`FromJob`], [`IntoOutput`], [`IntoFailure`], [`IntoItems`] | what arguments, results, errors and streams may be |
//! | [`AsyncFunction`], [`BlockingFunction`], [`StreamFunction`] | the kinds of functions that the builder and tests take |
//! | [`signature`] | what the compiler names when a handler's signature does not fit |
//! | `schemars`, `garde` | with the features `schema` and `validate` |
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
//! | [`JobContext`] | progress, cancellation and refresh of the running job; [`Context`] is another name of it |
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
//! fn generate(input: Prompt, ctx: JobContext, model: State<Model>) -> impl Stream<Item = Result<String, String>> {
//!     try_stream! {
//!         for (index, word) in model.words(&input.text).enumerate() {
//!             ctx.progress(json!({ "words": index }));
//!             yield word.to_uppercase();
//!         }
//!     }
//! }
//! ```
//!
//! # A test
//!
//! ```
//! use runpod::prelude::*;
//! use runpod::testing;
//!
//! #[runpod::handler]
//! async fn double(input: u64) -> u64 {
//!     input * 2
//! }
//!
//! #[tokio::main] // `#[tokio::test]`, in a test
//! async fn main() {
//!     assert_eq!(double(21).await, 42);
//!
//!     let report = testing::Job::new(json!(21)).run(double).await;
//!     assert_eq!(report.output, Some(json!(42)));
//! }
//! ```
//!
//! # Features
//!
//! | feature | default | |
//! | --- | --- | --- |
//! | `local` | on | `--rp_serve_api`: the worker is an endpoint on your own machine (`docs/reference/local-endpoint.md`) |
//! | `schema` | off | `--schema` prints the JSON Schema of handlers' inputs and outputs, where they derive `schemars::JsonSchema` (`docs/how-to/describe-and-validate-inputs.md`) |
//! | `validate` | off | inputs that derive `garde::Validate` are validated before their handler runs (`docs/how-to/describe-and-validate-inputs.md`) |
//!
//! A worker built with `default-features = false` is smaller, and takes jobs on Runpod all the same.
//!
//! # Where to go on
//!
//! The `docs` folder of the repository is the guide, and `docs/README.md` its table of contents: `docs/tutorial.md` makes a
//! first worker, `docs/how-to/write-a-handler.md` is on writing handlers, `docs/reference/running.md` on flags, environment, logs and shutdown,
//! `docs/explanation/reliability.md` on what is promised when things go wrong, `docs/reference/protocol.md` on what is said on the wire. The
//! `examples` folder has complete workers.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod prelude;

pub use runpod_macros::{handler, main};
pub use runpod_runtime::{
    AsyncFunction, BlockingFunction, CancelReason, Cancelled, Checkpoint, Emitter, Error,
    ErrorKind, FromJob, HandlerError, IntoFailure, IntoItems, IntoOutput, Job, JobContext, State,
    StreamFunction, Worker, WorkerBuilder, args, signature, testing,
};

/// Another name of [`JobContext`], for code that has no other `Context` in scope.
///
/// `anyhow::Context` is a trait. If a file imports that trait by its name, `ctx: Context` in the same file means the trait,
/// and the compiler refuses it (E0782). Write `JobContext` for the argument, and import the trait without a name:
///
/// ```
/// use anyhow::Context as _;
/// use runpod::prelude::*;
///
/// #[runpod::handler]
/// fn parse(text: String, ctx: JobContext) -> anyhow::Result<u32> {
///     ctx.progress("parsing");
///     text.parse().context("the text is not a number")
/// }
/// # fn main() {}
/// ```
pub type Context = JobContext;

/// Makes a [`Stream`] of a block of code: each `yield` is an item. It may `await`, and is run as far as items are wanted.
///
/// For `stream` handlers. Rust has no `yield` of its own yet, so it has to be within this macro's braces, not in a closure
/// or another macro in it. Where items may fail, [`try_stream!`] has the `?` as well.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(stream)]
/// fn countdown(from: u32) -> impl Stream<Item = u32> {
///     stream! {
///         for number in (0..from).rev() {
///             yield number;
///         }
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!(3)).stream(countdown).await;
/// assert_eq!(report.stream, [json!(2), json!(1), json!(0)]);
/// # }
/// ```
///
/// It is async-stream's, whose own words these are:
///
/// ---
pub use async_stream::stream;
/// Makes a [`Stream`] of `Result`s of a block of code: each `yield` is an `Ok` item, and `?` ends the stream with an `Err`.
///
/// In a `stream` handler the first `Err` fails the job; its client keeps the items before it. What the error type is has
/// to be said, best in the function's signature.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(stream)]
/// fn numbers(text: String) -> impl Stream<Item = Result<u32, std::num::ParseIntError>> {
///     try_stream! {
///         for word in text.split(' ') {
///             let number: u32 = word.parse()?;
///             yield number;
///         }
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!("1 2 many 3")).stream(numbers).await;
/// assert_eq!(report.stream, [json!(1), json!(2)]);
/// assert!(report.error.unwrap().contains("invalid digit found in string"));
/// # }
/// ```
///
/// It is async-stream's, whose own words these are:
///
/// ---
pub use async_stream::try_stream;
/// A series of values that come one after the other, each awaited: what a `stream` handler returns, as `impl Stream`.
///
/// [`stream!`] and [`try_stream!`] make one. Any other is as good, of the crates `futures` or `tokio-stream` for example: all
/// of them implement this trait, which is `futures_core`'s.
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context as Waker, Poll};
///
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// /// Counts down; written by hand.
/// struct Countdown(u32);
///
/// impl Stream for Countdown {
///     type Item = u32;
///
///     fn poll_next(mut self: Pin<&mut Self>, _: &mut Waker<'_>) -> Poll<Option<u32>> {
///         let next = self.0.checked_sub(1);
///         self.0 = next.unwrap_or(0);
///         Poll::Ready(next)
///     }
/// }
///
/// #[runpod::handler(stream)]
/// fn countdown(from: u32) -> impl Stream<Item = u32> {
///     Countdown(from)
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!(2)).stream(countdown).await;
/// assert_eq!(report.stream, [json!(1), json!(0)]);
/// # }
/// ```
///
/// Its own words:
///
/// ---
pub use futures_core::Stream;
/// Makes a JSON value, a [`serde_json::Value`], of what is written as JSON: for inputs in tests, and for outputs and
/// progress that need no type of their own.
///
/// ```
/// use runpod::prelude::*;
///
/// let words = vec!["to", "be"];
/// let value: Value = json!({ "words": words, "count": words.len() });
/// assert_eq!(value["count"], 2);
/// assert_eq!(value["words"][1], "be");
/// ```
///
/// It is `serde_json`'s, whose own words these are:
///
/// ---
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
    #[doc = include_str!("../docs/reference/attributes.md")]
    mod attributes {}
    #[doc = include_str!("../docs/how-to/move-from-python.md")]
    mod coming_from_python {}
    #[doc = include_str!("../docs/how-to/run-jobs-concurrently.md")]
    mod concurrency {}
    #[doc = include_str!("../docs/how-to/return-errors.md")]
    mod errors {}
    #[doc = include_str!("../docs/how-to/write-a-handler.md")]
    mod handlers {}
    #[doc = include_str!("../docs/reference/local-endpoint.md")]
    mod local_endpoint {}
    #[doc = include_str!("../docs/how-to/report-progress.md")]
    mod progress {}
    #[doc = include_str!("../docs/reference/protocol.md")]
    mod protocol {}
    #[doc = include_str!("../docs/tutorial.md")]
    mod quick_start {}
    #[doc = include_str!("../docs/how-to/refresh-the-worker.md")]
    mod refresh {}
    #[doc = include_str!("../docs/reference/running.md")]
    mod running {}
    #[cfg(all(feature = "schema", feature = "validate"))]
    #[doc = include_str!("../docs/how-to/describe-and-validate-inputs.md")]
    mod schema {}
    #[doc = include_str!("../docs/how-to/load-a-model-once.md")]
    mod state {}
    #[doc = include_str!("../docs/how-to/stream-results.md")]
    mod streaming {}
    #[doc = include_str!("../docs/how-to/test-a-handler.md")]
    mod testing {}

    #[doc = include_str!("../docs/how-to/serve-chat.md")]
    mod recipe_chat {}
    #[doc = include_str!("../docs/how-to/compute-embeddings.md")]
    mod recipe_embeddings {}
    #[doc = include_str!("../docs/how-to/run-long-jobs.md")]
    mod recipe_long_jobs {}
    #[doc = include_str!("../docs/how-to/run-several-handlers.md")]
    mod recipe_several_handlers {}
}
