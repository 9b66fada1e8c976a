//! What a handler may ask for: the trait behind every argument, and the call that arguments are made from.

use std::fmt;

use super::context::JobContext;
use super::emitter::ItemSink;
use super::failure::Failure;
use super::job::TakenJob;
use super::state::{StateCell, StateType};

/// Something that a handler's argument can be: an input, which is any `DeserializeOwned`, a [`Job`](super::Job) with one,
/// a [`JobContext`](super::JobContext), a [`State`](super::State), or an [`Emitter`](super::Emitter).
///
/// There is nothing to implement: types become inputs by deriving `Deserialize`. `Via` is inferred, and is one of the
/// markers in [`signature`](crate::signature); it keeps inputs apart from our own argument types.
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
/// Without the derive this does not compile, and the message says what to do:
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
    note = "if `main` makes it for all jobs: take it as `State<T>`, where `T` is `Send + Sync + 'static`",
    note = "if an `Emitter<T>` sends it: add `#[derive(serde::Serialize)]` to the type and to the types it contains"
)]
pub trait FromJob<Via>: Sized {
    /// The kind of argument, to compare it with others.
    #[doc(hidden)]
    const VIA: Via;

    /// What the argument is, for the checks at start.
    #[doc(hidden)]
    fn describe() -> Argument;

    /// Makes the argument for one job.
    ///
    /// # Errors
    ///
    /// When the job's input does not fit the type.
    #[doc(hidden)]
    fn from_job(call: &mut Call) -> Result<Self, Failure>;
}

/// What an argument is: checked once, when the worker starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Argument(pub(crate) Role);

impl Argument {
    /// Describes the argument type `T`.
    pub fn of<T: FromJob<Via>, Via>() -> Self {
        T::describe()
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Role {
    /// The job's input, plain or inside a `Job<T>`; the type's name.
    Input(&'static str),
    Context,
    State(StateType),
    Emitter,
}

/// All that a handler's arguments are made from.
pub struct Call {
    pub(crate) job: TakenJob,
    /// The key of the input that names the handler, if there is such a key.
    pub(crate) route: Option<&'static str>,
    pub(crate) context: JobContext,
    pub(crate) state: Option<StateCell>,
    /// Only for handlers that stream.
    pub(crate) items: Option<ItemSink>,
}

impl Call {
    /// Makes one argument. `Via` is inferred from the type.
    ///
    /// # Errors
    ///
    /// When the job's input does not fit the type.
    pub fn argument<T: FromJob<Via>, Via>(&mut self) -> Result<T, Failure> {
        T::from_job(self)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("job", &self.job.id)
            .finish_non_exhaustive()
    }
}
