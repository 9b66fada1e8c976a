//! The attributes of [`runpod-worker`](https://docs.rs/runpod-worker): [`macro@handler`], [`macro@main`],
//! [`macro@fitness_check`] and [`macro@on_shutdown`].
//!
//! Use them through that crate. The attributes leave a function exactly as you wrote it and add an adapter next to
//! it. The adapter registers the function with the runtime, which implements all behaviour. The modules, in order of
//! use:
//!
//! - `parse` turns tokens into the typed `model`. The function's body stays tokens, so half-typed code still expands.
//!   `values` reads options that are literals. `settings` passes all other expressions to the compiler.
//! - `check` collects every visible mistake (`diagnostics`) in the function, in its other attributes (`neighbours`),
//!   and in types that are `unfit`. `check_hook` does so for fitness checks and shutdown hooks. `types` and `imports` provide the facts about a type.
//! - `expand` emits the function with a `registration` (which uses `arguments`) and an `entry`, or with a `hook`. If there are errors, it
//!   emits the function in the form that `kept` gives it. `places` chooses the spans.
//! - `batch` checks the option `batch` and those that belong to it, and generates their part of the registration and of
//!   the adapter.
//! - `openai` checks the option `openai` and those that belong to it, and generates their part of the registration.
//! - `paths` lists every name of the runtime that generated code may use. `manifest` finds the name of our crate.
//! - `show` prints the expansion on request.

use proc_macro::TokenStream;

mod arguments;
mod batch;
#[cfg(test)]
mod batch_tests;
mod check;
mod check_hook;
#[cfg(test)]
mod check_tests;
mod concurrency;
mod diagnostics;
mod entry;
#[cfg(test)]
mod entry_tests;
mod expand;
#[cfg(test)]
mod expand_tests;
#[cfg(test)]
mod feature_tests;
mod hook;
#[cfg(test)]
mod hook_tests;
mod imports;
mod kept;
mod manifest;
mod model;
mod neighbours;
#[cfg(test)]
mod neighbours_tests;
mod openai;
mod openai_route;
#[cfg(test)]
mod openai_tests;
mod parse;
#[cfg(test)]
mod parse_tests;
mod paths;
mod places;
mod registration;
mod settings;
mod show;
#[cfg(test)]
mod show_tests;
mod types;
mod unfit;
#[cfg(test)]
mod unfit_tests;
mod values;

/// Turns a function into a handler: it takes a job's input and returns the job's output.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
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
/// fn spell(input: Text, ctx: JobContext) -> impl Stream<Item = char> {
///     stream! {
///         for (index, letter) in input.text.chars().enumerate() {
///             ctx.progress(index);
///             yield letter;
///         }
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// // You can still call the functions directly:
/// assert_eq!(count(Text { text: "to be".to_owned() }).words, 2);
///
/// // You can also run them as jobs:
/// let report = testing::Job::new(json!({ "text": "to" })).stream(spell).await;
/// assert_eq!(report.stream, [json!("t"), json!("o")]);
/// # }
/// ```
///
/// A worker can use every handler that is linked into it. If it has several, choose one with the option `handler` or
/// `route` of [`#[runpod::main]`](macro@main). A library of handlers is linked only if the program mentions it:
/// `use my_handlers as _;` is enough. `docs/how-to/write-a-handler.md` explains handlers with examples.
///
/// # Arguments
///
/// A handler can take an input (any `T: serde::de::DeserializeOwned`) or a `Job<T>`, a `JobContext`, a `State<T>`,
/// extractors of your own (`FromJobCall`) and, if it is a `stream` handler, an `Emitter<T>`. The order does not matter.
/// The compiler resolves the types, so aliases work. All arguments are taken by value, and each may be a pattern.
///
/// # Kinds
///
/// | function | how it runs |
/// | --- | --- |
/// | `async fn` | on the worker's async threads |
/// | `fn` | on a thread that it may block |
/// | `fn` or `async fn` with the option `stream` | as above; the worker sends each item as soon as it is ready |
/// | `fn` or `async fn` with the option `batch` | as above; each call handles several jobs (`docs/how-to/batch-requests.md`) |
///
/// A `stream` handler returns `impl Stream<Item = T>`. A plain `fn` may also return `impl Iterator<Item = T>`.
/// Alternatively, a `stream` handler can take an `Emitter<T>` and return `()` or `Result<(), E>`. If you write
/// `yield`, wrap the body in `runpod::stream! { .. }` or `runpod::try_stream! { .. }`.
///
/// The output, or each item, is a `T: serde::Serialize` or a `Result<T, E>`. `E` is a `std::error::Error`,
/// `anyhow::Error`, `String` or `&'static str`.
///
/// # Options
///
/// | option | meaning |
/// | --- | --- |
/// | `stream` | the handler sends items |
/// | `name = "…"` | the handler's name, for `route` and in messages; by default the function's name |
/// | `openai = "…"` | the handler serves a route of `OpenAI`'s API: `chat.completions`, `completions` or `embeddings` (feature `openai`) |
/// | `model = "…"` | with `openai`: the name of the model for clients; by default the handler's name |
/// | `context_window = 2048` | with `openai`: the largest `max_tokens` that a client may ask for |
/// | `accepts = "…"` | with `openai`: optional parameters and content parts that the handler supports, separated by commas, such as `image_url, response_format` |
/// | `batch` | the handler gets the inputs of several jobs as a `Vec`, and returns a `Vec` with one result for each |
/// | `max_batch_size = 32` | with `batch`: the maximum number of jobs in a call; by default 32 |
/// | `max_wait = 20` | with `batch`: for how many milliseconds a job may wait for others while a call could start; by default 20 |
/// | `weight = path` | with `batch`: a `fn(&T) -> usize` that weighs an input |
/// | `max_weight = 8192` | with `batch`: the maximum total weight of the jobs in a call |
/// | `concurrent_batches = 2` | with `batch`: how many calls may run at the same time; by default 1 |
/// | `router = path` | your own routes for a worker that serves HTTP: a `fn() -> axum::Router`, or a `fn(State<T>) -> axum::Router` (feature `http`) |
/// | `crate = path` | the path of the `runpod` crate, if you re-export it; not needed if your manifest only renames the crate |
///
/// The name may be any constant expression, such as `name = NAME`.
///
/// # Errors
///
/// These are compile errors: a function that is generic, `const`, `unsafe` or `extern`; a method; an argument that
/// borrows or is an `impl Trait`; and an unknown option. After an error, the expansion still contains the function, so
/// the compiler can check the rest of the program. `docs/reference/compiler-errors.md` shows the messages.
#[proc_macro_attribute]
pub fn handler(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::handler(attribute.into(), &item.into()).into()
}

/// Generates a worker's `main` function, from your own `main` or from the handler that is the whole worker.
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
///
/// On **`fn main()` or `async fn main()`**, the body runs once, before the first job. Its return value is the
/// worker's state, which handlers take as `State<T>`. If `main` returns a `Result`, the state is the value in `Ok`,
/// and an `Err` stops the worker before it takes a job. You need not start a runtime for an `async fn main`: the
/// worker starts one.
///
/// On **any other function**, the function becomes a handler as with [`#[runpod::handler]`](macro@handler), and the
/// attribute generates `main`. The options `stream` and `name` of a handler are allowed too. The function handles all
/// jobs, even if other handlers are linked.
///
/// ```no_run
/// use runpod::prelude::*;
///
/// #[runpod::main(refresh_worker = true)]
/// async fn double(input: u64) -> u64 {
///     input * 2
/// }
/// ```
///
/// On Runpod, the program takes jobs from the platform. Elsewhere it runs one test job (`--test_input`) or serves a
/// local endpoint (`--rp_serve_api`). `docs/reference/running.md` lists its flags, environment variables and exit
/// codes.
///
/// # Options
///
/// | option | meaning |
/// | --- | --- |
/// | `refresh_worker = true` | requests a fresh container after every job |
/// | `return_aggregate_stream = true` | repeats the items of a stream in the job's result |
/// | `concurrency = 4` | the number of jobs that may run at once; by default 1, or enough for full batches |
/// | `concurrency = "auto"` | the worker finds the number itself: it adds slots while that increases the throughput |
/// | `min_concurrency = 2`, `max_concurrency = 32` | with `concurrency = "auto"`: the lowest and the highest number; by default 1 and 64; with batch handlers, the slots that their batches need, and twice as many, but at least 64 |
/// | `concurrency_modifier = path` | a `fn(usize) -> usize`, or a closure without captures, that is called before each job-take request: it gets the current concurrency and returns the new one |
/// | `handler = path` | the handler that handles all jobs, if several are linked |
/// | `route = "key"` | runs several handlers: `input.<key>` names the handler for the job |
/// | `max_consecutive_failures = 3` | after this many failed jobs in a row, the worker finishes its running jobs, logs the reason and exits with code 1 |
/// | `worker_threads = 2` | the number of threads for `async` handlers; by default one per core |
/// | `init_timeout = 900` | only on `main`: for how many seconds it may run on Runpod; by default 800, and the environment variable `RUNPOD_INIT_TIMEOUT` has priority |
/// | `around = path` | an `async fn(JobCall, Next) -> JobResult` that wraps every call of a handler, for example for timing or authorisation |
/// | `crate = path` | the path of the `runpod` crate, if you re-export it; not needed if your manifest only renames the crate |
///
/// Numbers, strings and booleans may be constant expressions, such as `concurrency = LIMIT`. The compiler then checks
/// the type, that a number is not 0, and that a string is not empty.
///
/// `refresh_worker` alone means `refresh_worker = true`, and `return_aggregate_stream` works the same way.
///
/// # Errors
///
/// The errors of [`#[runpod::handler]`](macro@handler#errors) apply here too. In addition, `main` takes no arguments
/// and no handler options, and `handler` and `route` cannot be used together. A handler that is the whole worker
/// cannot take a `State<T>`, because no `main` creates a state.
#[proc_macro_attribute]
pub fn main(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::main(attribute.into(), &item.into()).into()
}

/// Turns a function into a fitness check: the worker takes jobs only if the function succeeds.
///
/// ```
/// use runpod::prelude::*;
///
/// struct Model {
///     layers: usize,
/// }
///
/// #[runpod::fitness_check]
/// fn weights_exist() -> std::io::Result<()> {
///     std::fs::metadata("/models/model.safetensors").map(drop)
/// }
///
/// #[runpod::fitness_check(name = "warm-up", timeout_s = 120)]
/// async fn warm_up(model: State<Model>) -> Result<(), String> {
///     if model.layers == 0 { Err("the model has no layers".to_owned()) } else { Ok(()) }
/// }
/// ```
///
/// The worker runs all fitness checks that are linked into it, in the order of file and line. It runs those without an
/// argument first, then its built-in checks, then `main`, and then the checks that take a `State<T>`. If a check fails,
/// the worker logs why, reports itself unhealthy to the platform, and exits with code 1 without having taken a job.
/// Local runs skip all checks, and the flag `--check` runs them alone. `docs/how-to/check-a-worker.md` explains more.
///
/// # Functions
///
/// A fitness check is an `async fn`, or a plain `fn`, which may block its thread. It takes nothing or a `State<T>`. It
/// returns `Result<(), E>`, where `E` is an error as for a handler, or `()`. An `Err` or a panic is a failure.
///
/// # Options
///
/// | option | meaning |
/// | --- | --- |
/// | `name = "…"` | the check's name in messages and in the report; by default the function's name |
/// | `timeout_s = 120` | the check fails if it takes longer than this many seconds; by default 60 |
/// | `crate = path` | the path of the `runpod` crate, if you re-export it; not needed if your manifest only renames the crate |
///
/// The name and the number may be constant expressions.
///
/// # Errors
///
/// These are compile errors: a function that is generic, `const`, `unsafe` or `extern`; a method; an argument that is
/// not a `State<T>`; another result; and an unknown option.
#[proc_macro_attribute]
pub fn fitness_check(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::hook(model::Place::FitnessCheck, attribute.into(), &item.into()).into()
}

/// Turns a function into a shutdown hook: it runs after the last job, before the worker exits.
///
/// ```
/// use runpod::prelude::*;
///
/// struct Model {
///     layers: usize,
/// }
///
/// #[runpod::on_shutdown]
/// fn say_goodbye() {
///     println!("no more jobs");
/// }
///
/// #[runpod::on_shutdown(timeout_s = 30)]
/// async fn save_statistics(model: State<Model>) -> std::io::Result<()> {
///     std::fs::write("/runpod-volume/layers", model.layers.to_string())
/// }
/// ```
///
/// The worker runs all shutdown hooks that are linked into it, one after another, in the reverse order of file and
/// line. They also run if the start fails. If there is no state at that time, hooks that take a `State<T>` are left out.
/// A hook that fails is logged and does not change the worker's exit code. If the process is killed, no hook runs.
///
/// # Functions
///
/// A shutdown hook is an `async fn`, or a plain `fn`, which may block its thread. It takes nothing or a `State<T>`, and
/// returns `()` or `Result<(), E>`, where `E` is an error as for a handler.
///
/// # Options
///
/// | option | meaning |
/// | --- | --- |
/// | `name = "…"` | the hook's name in messages; by default the function's name |
/// | `timeout_s = 30` | the worker waits at most this many seconds for the hook; by default 10 |
/// | `crate = path` | the path of the `runpod` crate, if you re-export it; not needed if your manifest only renames the crate |
///
/// # Errors
///
/// The errors of [`#[runpod::fitness_check]`](macro@fitness_check#errors) apply here too.
#[proc_macro_attribute]
pub fn on_shutdown(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::hook(model::Place::OnShutdown, attribute.into(), &item.into()).into()
}
