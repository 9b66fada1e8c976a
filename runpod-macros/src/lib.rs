//! The attributes of [`runpod-worker`](https://docs.rs/runpod-worker): [`macro@handler`] and [`macro@main`].
//!
//! Use them through that crate. They keep a function exactly as it is written and put an adapter beside it, which tells
//! the runtime of it; all behaviour is the runtime's. The steps:
//!
//! - `parse`: from tokens to the typed `model`; the body stays tokens, so that half-typed code still expands;
//!   the `values` of options that are literals are read, all others go to the compiler (`settings`);
//! - `check`: what can be seen to be wrong, all of it at once (`diagnostics`): with the function, with its `neighbours`, and
//!   with types that are `unfit` by what `types` can be seen to be and `imports` tell;
//! - `expand`: the function, with a `registration` (of its `arguments`) and an `entry`, or as it is `kept` and with errors,
//!   at the right `places`;
//! - `paths`: every name of the runtime that generated code may use, with ours from the `manifest`;
//! - `show`: prints what was made, for who wants to see it.

use proc_macro::TokenStream;

mod arguments;
mod check;
#[cfg(test)]
mod check_tests;
mod diagnostics;
mod entry;
#[cfg(test)]
mod entry_tests;
mod expand;
#[cfg(test)]
mod expand_tests;
#[cfg(test)]
mod feature_tests;
mod imports;
mod kept;
mod manifest;
mod model;
mod neighbours;
#[cfg(test)]
mod neighbours_tests;
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

/// Makes a handler of a function: it gets a job and gives its result.
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
/// // The functions stay what they were:
/// assert_eq!(count(Text { text: "to be".to_owned() }).words, 2);
///
/// // And can be run as jobs:
/// let report = testing::Job::new(json!({ "text": "to" })).stream(spell).await;
/// assert_eq!(report.stream, [json!("t"), json!("o")]);
/// # }
/// ```
///
/// Where a handler is linked into a worker, it can be used: alone, or chosen with `handler` or `route` of
/// [`#[runpod::main]`](macro@main). A library of handlers is only linked if something names it; `use my_handlers as _;`
/// is enough. `docs/how-to/write-a-handler.md` goes through all of this with examples.
///
/// # Arguments
///
/// In any order, and known by their types, so that aliases work: an input (any `T: serde::de::DeserializeOwned`) or a
/// `Job<T>`, `JobContext`, `State<T>`, and for a `stream` handler `Emitter<T>`. All are taken by value; patterns are fine.
///
/// # Kinds
///
/// | function | runs |
/// | --- | --- |
/// | `async fn` | on the worker's threads |
/// | `fn` | on a thread that it may block |
/// | `fn` or `async fn` with the option `stream` | and each item leaves as soon as it is there |
///
/// A `stream` handler returns `impl Stream<Item = T>` or (a plain `fn`) `impl Iterator<Item = T>`, or it takes an
/// `Emitter<T>` and returns nothing. A `yield` needs `runpod::stream! { .. }` or `runpod::try_stream! { .. }` around it.
///
/// The result, or each item, is a `T: serde::Serialize`, or a `Result<T, E>` where `E` is a `std::error::Error`,
/// `anyhow::Error`, `String` or `&'static str`.
///
/// # Options
///
/// | option | meaning |
/// | --- | --- |
/// | `stream` | the handler sends items |
/// | `name = "…"` | its name, for `route` and in messages; the function's otherwise |
/// | `crate = path` | where the crate `runpod` is, if you have re-exported it; another name in your manifest is found without |
///
/// The name may be a constant or another constant expression: `name = NAME`.
///
/// # Errors
///
/// Functions that are generic, `const`, `unsafe` or `extern`, methods, and arguments that borrow or are `impl Trait`
/// are compile errors, as are unknown options. The function stays, so that the rest of the program can be checked.
/// `docs/reference/compiler-errors.md` shows what the compiler says.
#[proc_macro_attribute]
pub fn handler(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::handler(attribute.into(), &item.into()).into()
}

/// Makes the `main` of a worker: on `main` itself, or on the one handler that is the whole worker.
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
/// On **`fn main()` or `async fn main()`**, the body runs once, before the first job. What it returns, or the value in
/// the `Result` that it returns, is the worker's state, which handlers get as `State<T>`; an error ends the worker
/// before it has taken a job. `async` needs no runtime of yours: the worker starts one.
///
/// On **any other function**, that function is a handler as with [`#[runpod::handler]`](macro@handler), whose options
/// `stream` and `name` are possible as well, and `main` is generated. It gets all jobs, even if other handlers are
/// linked.
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
/// The program takes jobs on Runpod, and elsewhere runs one test job (`--test_input`) or is an endpoint
/// (`--rp_serve_api`); `docs/reference/running.md` has its flags, its environment and its exit codes.
///
/// # Options
///
/// | option | meaning |
/// | --- | --- |
/// | `refresh_worker = true` | a fresh container after every job |
/// | `return_aggregate_stream = true` | a stream's result repeats its items |
/// | `concurrency = 4` | so many jobs at once; 1 otherwise |
/// | `concurrency_modifier = path` | a `fn(usize) -> usize`, or a closure that needs nothing, asked before every take for the number to go on with |
/// | `handler = path` | the handler that gets all jobs, where several are linked |
/// | `route = "key"` | several handlers: `input.<key>` is the name of the one that a job is for |
/// | `max_consecutive_failures = 3` | after so many failed jobs in a row the worker counts as broken: it finishes what runs, says so and exits with 1 |
/// | `worker_threads = 2` | threads for `async` handlers; one for each core otherwise |
/// | `crate = path` | where the crate `runpod` is, if you have re-exported it; another name in your manifest is found without |
///
/// Numbers, texts, `true` and `false` may be constants or other constant expressions: `concurrency = LIMIT`. The compiler
/// checks their type and, as for a literal, that a number is not 0 and a text is not empty.
///
/// `refresh_worker` alone means `refresh_worker = true`; the same goes for `return_aggregate_stream`.
///
/// # Errors
///
/// As for a handler; besides, `main` takes no arguments and has no options of a handler, `handler` and `route` exclude each
/// other, and a handler that is the whole worker has no `State<T>`, because no `main` makes one.
#[proc_macro_attribute]
pub fn main(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::main(attribute.into(), &item.into()).into()
}
