//! What a handler may ask for: the trait behind every argument.

use std::any::TypeId;
use std::sync::Arc;

use super::call::Call;
use super::failure::Failure;

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
    label = "neither an input that can be read from JSON, nor `Job<T>`, `JobContext`, `State<T>` or `Emitter<T>`",
    note = "a job's input, plain or in a `Job<T>`: put `#[derive(serde::Deserialize)]` on it and on the types in it",
    note = "what `main` makes for all jobs: take it as `State<T>`; it has to be `Send + Sync + 'static`",
    note = "what an `Emitter<T>` sends: put `#[derive(serde::Serialize)]` on it and on the types in it"
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

/// The type of a state, asked for or made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StateType {
    id: TypeId,
    /// Of an `Arc` of it.
    shared: TypeId,
    pub(crate) name: &'static str,
}

impl StateType {
    pub(crate) fn of<T: 'static>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            shared: TypeId::of::<Arc<T>>(),
            name: std::any::type_name::<T>(),
        }
    }

    /// Whether a handler that asks for this type can have the state that was `made`.
    pub(super) fn fits(self, made: Self) -> bool {
        made.id == self.id || made.id == self.shared
    }

    pub(crate) fn is<T: 'static>(self) -> bool {
        self.id == TypeId::of::<T>()
    }
}

impl PartialEq for StateType {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
