//! The trait behind every argument of a handler.

use super::call::Call;
use super::extract::Extractor;
use super::failure::Failure;
use super::state::StateType;

/// A type that a handler can take as an argument: an input (any type that is `DeserializeOwned`), a
/// [`Job`](super::Job) with an input, a [`JobContext`](super::JobContext), a [`State`](super::State), an
/// [`Emitter`](super::Emitter), or an extractor of your own.
///
/// You do not implement this trait: types become inputs by deriving `Deserialize`, and extractors by implementing
/// [`FromJobCall`](super::FromJobCall). `Via` is inferred. It is one of the markers in
/// [`signature`](crate::signature) and distinguishes inputs, extractors and this crate's own argument types.
///
/// ```
/// use runpod::FromJob;
/// use runpod::prelude::*;
///
/// #[derive(Deserialize)]
/// struct Prompt {
///     text: String,
/// }
///
/// fn can_be_an_argument<Via, T: FromJob<Via>>() {}
///
/// can_be_an_argument::<_, Prompt>();
/// can_be_an_argument::<_, Job<Prompt>>();
/// can_be_an_argument::<_, JobContext>();
/// can_be_an_argument::<_, State<Vec<f32>>>();
/// can_be_an_argument::<_, Emitter<String>>();
/// ```
///
/// Without the derive, this does not compile, and the message says what to do:
///
/// ```compile_fail
/// use runpod::prelude::*;
///
/// struct Prompt {
///     text: String,
/// }
///
/// #[runpod::handler]
/// async fn answer(prompt: Prompt) -> String {
///     prompt.text
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a handler's argument",
    label = "not an input that implements `serde::Deserialize`, and not `Job<T>`, `JobContext`, `State<T>` or `Emitter<T>`",
    note = "if it is the job's input, as `T` or `Job<T>`: add `#[derive(serde::Deserialize)]` to the type and to the types it contains",
    note = "if `main` makes it for all jobs: take it as `State<T>`",
    note = "if it is a `State<T>`: `T` must be `Send + Sync + 'static`, because all jobs share it, on several threads; use `Mutex` instead of `RefCell`, and `Arc` instead of `Rc`",
    note = "if an `Emitter<T>` sends it: add `#[derive(serde::Serialize)]` to the type and to the types it contains",
    note = "if your own code makes it for each job: implement `runpod::FromJobCall` for the type"
)]
pub trait FromJob<Via>: Sized {
    /// The kind of the argument, to compare it with other arguments.
    #[doc(hidden)]
    const VIA: Via;

    /// Describes the argument for the checks at startup.
    #[doc(hidden)]
    fn describe() -> Argument;

    /// Creates the argument for one job.
    ///
    /// # Errors
    ///
    /// Returns an error if the job's input does not match the type.
    #[doc(hidden)]
    fn from_job(call: &mut Call) -> Result<Self, Failure>;
}

/// The role of an argument, checked once when the worker starts.
#[derive(Debug, Clone, Copy)]
pub struct Argument(pub(crate) Role);

impl Argument {
    /// Describes the argument type `T`.
    pub fn of<T: FromJob<Via>, Via>() -> Self {
        T::describe()
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Role {
    /// The job's input, plain or in a `Job<T>`, with the name of its type.
    Input(&'static str),
    Context,
    State(StateType),
    Emitter,
    /// A value that a user's extractor creates.
    Extracted(Extractor),
}

impl Call {
    /// Creates one argument. `Via` is inferred from the type.
    ///
    /// # Errors
    ///
    /// Returns an error if the job's input does not match the type.
    pub fn argument<T: FromJob<Via>, Via>(&mut self) -> Result<T, Failure> {
        T::from_job(self)
    }
}
