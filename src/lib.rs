//! Write Runpod Serverless workers in Rust: one annotated function is a whole worker.
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
//! You write the function that handles one job. This crate is the rest of the worker: it takes jobs from the
//! platform, deserialises each input into your type, calls your function and posts the output or the error. It also
//! sends heartbeats, retries failed requests and finishes running jobs before the program exits.
//!
//! This crate is not a client: it does not send jobs to an endpoint, and it does not create endpoints or pods. It
//! contains no model and no inference engine: call yours from the handler.
//!
//! # Get started
//!
//! The package is called `runpod-worker`, and its library is called `runpod`. You also need serde, for the derives on
//! your own types:
//!
//! ```toml
//! [dependencies]
//! runpod-worker = { path = "../runpod-worker" } # or `git = "…"`: it is not published yet
//! serde = { version = "1", features = ["derive"] }
//! ```
//!
//! In a container on Runpod, the program takes jobs. Anywhere else, it runs one test job or serves a local endpoint
//! with a web page:
//!
//! ```sh
//! cargo run -- --test_input '{"input": {"name": "Ada"}}'
//! cargo run -- --rp_serve_api
//! ```
//!
//! # Handlers
//!
//! A handler is a function with [`#[runpod::handler]`](macro@handler), or with [`#[runpod::main]`](macro@main) if it is
//! the whole worker. It can take these arguments, in any order:
//!
//! | argument | value |
//! | --- | --- |
//! | `T: Deserialize` | the job's `input` |
//! | [`Job<T>`](Job) | the input, the job's id and the other keys that the platform sent |
//! | [`JobContext`] | progress, cancellation and refresh of the running job; [`Context`] is an alias |
//! | [`State<T>`](State) | the value that `main` returned before the first job |
//! | [`Emitter<T>`](Emitter) | the sender for the items of a `stream` handler |
//! | a type that implements [`FromJobCall`] | the value that your own code creates from the job |
//!
//! A handler returns any type that serialises, or a `Result` of such a type. An `async fn` runs on the worker's async
//! threads. A plain `fn` runs on a thread that it may block. With the option `stream`, a handler returns a [`Stream`]
//! or an iterator, or sends its items through an [`Emitter`]. The worker sends each item as soon as it is ready.
//!
//! # Load a model once
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
//! # Test a handler
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
//! #[tokio::main] // in a test: `#[tokio::test]`
//! async fn main() {
//!     assert_eq!(double(21).await, 42);
//!
//!     let report = testing::Job::new(json!(21)).run(double).await;
//!     assert_eq!(report.output, Some(json!(42)));
//! }
//! ```
//!
//! # Overview
//!
//! | item | purpose |
//! | --- | --- |
//! | [`#[runpod::main]`](macro@main), [`#[runpod::handler]`](macro@handler) | turn a function into a worker or a handler |
//! | [`#[runpod::fitness_check]`](macro@fitness_check), [`#[runpod::on_shutdown]`](macro@on_shutdown) | run a function before the first job or after the last one |
//! | [`Job`], [`JobContext`], [`State`], [`Emitter`] | arguments of a handler besides its input; [`Context`] is an alias of [`JobContext`] |
//! | [`stream!`], [`try_stream!`], [`Stream`], [`Cancelled`] | macros and types for handlers that stream |
//! | [`CancelReason`], [`Checkpoint`] | returned by methods of [`JobContext`] |
//! | `Download`, `Downloaded`, `DownloadError`, `DownloadErrorKind` | downloads for handlers, with the feature `download` |
//! | `Upload`, `UploadContent`, `Uploaded`, `Bucket`, `UploadError`, `UploadErrorKind` | uploads to a bucket, with the feature `upload` |
//! | `ImageInput`, `AudioInput`, `MediaInput`, `MediaLoad` | images and audio in inputs, with the feature `media` |
//! | `AnyMedia`, `ImagesOnly`, `AudioOnly`, `MediaKind` | the kinds of media that an input accepts, with the feature `media` |
//! | `Media`, `MediaError`, `MediaErrorKind` | images and audio in outputs, with the feature `media` |
//! | [`HandlerError`] | an error with a name that clients can recognise |
//! | [`Worker`], [`WorkerBuilder`], [`Error`], [`ErrorKind`] | a worker without attributes, and the reason why a worker failed |
//! | [`cached_model`], [`CachedModelError`] | the directory of a model that Runpod has cached |
//! | `VolumeCache`, `VolumeCacheError`, `VolumeCacheReport` | directories that are kept on a network volume, with the feature `volume-cache` |
//! | [`Settings`] | the settings of a worker inside another program |
//! | [`FromJobCall`], [`JobCall`], [`MissingState`] | arguments that your own code creates from a job |
//! | [`Next`], [`JobResult`], [`JobOutput`], [`JobFailure`] | functions around the calls of handlers |
//! | [`args`] | the program's own command-line arguments, without those of the worker |
//! | [`json!`], [`serde_json`], [`serde`] | re-exports of the versions that this crate uses |
//! | [`prelude`] | the names that most workers need: `use runpod::prelude::*` |
//! | [`logging`] | the worker's log as a layer for your own `tracing` subscriber |
//! | `traces` | the spans of your own code in the traces of jobs, with the feature `otel` |
//! | [`testing`] | runs a handler on an input, for your own tests |
//! | [`FromJob`], [`IntoOutput`], [`IntoFailure`], [`IntoItems`] | traits of arguments, outputs, errors and streams |
//! | [`AsyncFunction`], [`BlockingFunction`], [`StreamFunction`], [`BatchFunction`] | traits of the functions that the builder and the tests accept |
//! | [`Batching`] | the options of a batch handler without the attribute |
//! | [`signature`] | traits that the compiler names if a handler's signature does not fit |
//! | `axum`, `schemars`, `garde` | re-exports, with the features `http`, `schema` and `validate` |
//! | `openai` | the requests and answers of `OpenAI`'s API, with the feature `openai` |
//! | `IntoRouter` | the trait of the functions that create your own routes, with the feature `http` |
//!
//! # Features
//!
//! | feature | default | effect |
//! | --- | --- | --- |
//! | `local` | on | adds `--rp_serve_api`, which serves a local endpoint (`docs/reference/local-endpoint.md`) |
//! | `gpu` | off | adds checks of NVIDIA GPUs before the first job (`docs/how-to/check-a-worker.md`) |
//! | `http` | off | serves the handlers over HTTP, for load-balancing and realtime endpoints (`docs/how-to/serve-http.md`) |
//! | `metrics` | off | counts jobs, requests and slots through the crate `metrics`, and serves them to Prometheus (`docs/how-to/export-metrics-and-traces.md`) |
//! | `otel` | off | exports a trace of each job over OTLP (`docs/how-to/export-metrics-and-traces.md`) |
//! | `schema` | off | adds `--schema`, which prints the JSON Schema of the inputs and outputs that derive `schemars::JsonSchema` (`docs/how-to/describe-and-validate-inputs.md`) |
//! | `openai` | off | connects handlers to `OpenAI` clients: `openai = "chat.completions"` (`docs/how-to/serve-chat.md`) |
//! | `download` | off | adds `ctx.download`, which fetches files for a job, and `ctx.directory` (`docs/how-to/download-files.md`) |
//! | `unpack` | off | adds `Downloaded::unpack` for zip, tar and tar.gz archives |
//! | `upload` | off | adds `ctx.upload`, which stores files in an S3-compatible bucket, and `download` (`docs/how-to/upload-files.md`) |
//! | `validate` | off | validates inputs that derive `garde::Validate` before their handler runs (`docs/how-to/describe-and-validate-inputs.md`) |
//! | `volume-cache` | off | adds `VolumeCache`, which keeps local directories on a network volume (`docs/how-to/keep-a-model-on-a-volume.md`) |
//!
//! A worker built with `default-features = false` is smaller, and still takes jobs on Runpod.
//!
//! # Learn more
//!
//! The guide is in the repository's `docs` folder, and `docs/README.md` is its table of contents:
//!
//! - `docs/tutorial.md` takes you from nothing to a deployed worker.
//! - `docs/how-to/write-a-handler.md` explains how to write handlers.
//! - `docs/reference/running.md` lists flags, environment variables, logs and exit codes.
//! - `docs/explanation/reliability.md` explains what the worker guarantees when something fails.
//! - `docs/reference/protocol.md` describes the requests between worker and platform.
//!
//! The `examples` folder contains complete workers.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
mod guides;
pub mod prelude;

pub use runpod_macros::{fitness_check, handler, main, on_shutdown};
#[cfg(feature = "http")]
pub use runpod_runtime::IntoRouter;
#[cfg(feature = "openai")]
pub use runpod_runtime::openai;
#[cfg(feature = "otel")]
pub use runpod_runtime::traces;
#[cfg(feature = "media")]
pub use runpod_runtime::{
    AnyMedia, AudioInput, AudioOnly, ImageInput, ImagesOnly, Media, MediaError, MediaErrorKind,
    MediaInput, MediaKind, MediaLoad,
};
pub use runpod_runtime::{
    AsyncFunction, BatchFunction, Batching, BlockingFunction, CachedModelError, CancelReason,
    Cancelled, Checkpoint, Emitter, Error, ErrorKind, FromJob, FromJobCall, HandlerError,
    IntoFailure, IntoItems, IntoOutput, Job, JobCall, JobContext, JobFailure, JobOutput, JobResult,
    MissingState, Next, Settings, State, StreamFunction, Worker, WorkerBuilder, args, cached_model,
    logging, signature, testing,
};
#[cfg(feature = "upload")]
pub use runpod_runtime::{Bucket, Upload, UploadContent, UploadError, UploadErrorKind, Uploaded};
#[cfg(feature = "download")]
pub use runpod_runtime::{Download, DownloadError, DownloadErrorKind, Downloaded};
#[cfg(feature = "volume-cache")]
pub use runpod_runtime::{VolumeCache, VolumeCacheError, VolumeCacheReport};

/// An alias of [`JobContext`], for code that has no other `Context` in scope.
///
/// `anyhow::Context` is a trait. If a file imports that trait by its name, `ctx: Context` refers to the trait, and the
/// compiler rejects it (E0782). Write `JobContext` as the argument's type, and import the trait without a name:
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

/// Makes a [`Stream`] from a block of code: each `yield` is an item.
///
/// Use it in `stream` handlers. The block may `await`, and it runs only while its items are polled. Stable Rust has no
/// `yield`, so write `yield` directly inside this macro's braces, not in a closure or in another macro. If an item can
/// fail, use [`try_stream!`], which also supports `?`.
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
/// This macro comes from the crate `async-stream`, whose documentation follows:
///
/// ---
pub use async_stream::stream;
/// Makes a [`Stream`] of `Result`s from a block of code: each `yield` is an `Ok` item, and `?` ends the stream with an
/// `Err`.
///
/// In a `stream` handler, the first `Err` fails the job. The client keeps the items before it. Rust cannot infer the
/// error type, so write it, preferably in the function's signature.
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
/// This macro comes from the crate `async-stream`, whose documentation follows:
///
/// ---
pub use async_stream::try_stream;
/// An asynchronous sequence of values, which a `stream` handler returns as `impl Stream`.
///
/// [`stream!`] and [`try_stream!`] make one. Streams from other crates, such as `futures` and `tokio-stream`, work too,
/// because they implement this trait, which comes from `futures-core`.
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context as Waker, Poll};
///
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// /// Counts down; a stream that is implemented by hand.
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
/// The documentation of `futures-core` follows:
///
/// ---
pub use futures_core::Stream;
/// Makes a [`serde_json::Value`] from a JSON literal.
///
/// Use it for inputs in tests, and for outputs and progress updates that need no type of their own.
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
/// This macro comes from `serde_json`, whose documentation follows:
///
/// ---
pub use serde_json::json;
pub use {serde, serde_json};

/// The version of axum whose `Router` this crate serves (feature `http`). For more of axum's features, such as `ws`,
/// add the same version to your own manifest, with these features.
#[cfg(feature = "http")]
pub use axum;
/// The version of garde whose `Validate` this crate uses (feature `validate`). The derive refers to the crate `garde`,
/// so your own manifest needs the same version too.
#[cfg(feature = "validate")]
pub use garde;
/// The version of schemars whose `JsonSchema` this crate uses (feature `schema`). Use its derive from here, with
/// `#[schemars(crate = "runpod::schemars")]`, or add the same version to your own manifest.
#[cfg(feature = "schema")]
pub use schemars;

/// The items that generated code uses. Not public API: anything in it may change at any time.
#[doc(hidden)]
pub use runpod_runtime::__private;
