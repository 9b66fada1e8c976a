//! The arguments of a batch handler.

use crate::handler::argument::{Argument, FromJob};
use crate::handler::argument_kinds::ViaWorker;
use crate::handler::call::Call;
use crate::handler::failure::Failure;
use crate::handler::state::State;

/// A type that a batch handler can take as an argument: a `Vec` with one value for each job, or a
/// [`State`](crate::State).
///
/// The values of a `Vec` are inputs, [`Job`](crate::Job)s, [`JobContext`](crate::JobContext)s, or values of an
/// extractor ([`FromJobCall`](crate::FromJobCall)). All `Vec`s have the same length and the same order.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::signature::BatchArgument;
///
/// #[derive(Deserialize)]
/// struct Text {
///     text: String,
/// }
///
/// fn can_be_a_batch_argument<Via, T: BatchArgument<Via>>() {}
///
/// can_be_a_batch_argument::<_, Vec<Text>>();
/// can_be_a_batch_argument::<_, Vec<Job<Text>>>();
/// can_be_a_batch_argument::<_, Vec<JobContext>>();
/// can_be_a_batch_argument::<_, State<String>>();
/// ```
///
/// A single input does not compile:
///
/// ```compile_fail
/// use runpod::prelude::*;
///
/// #[runpod::handler(batch)]
/// fn count(text: String) -> Vec<usize> {
///     vec![text.len()]
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a `batch` handler",
    label = "not a `Vec<T>` with one value for each job, and not a `State<T>`",
    note = "a `batch` handler gets the inputs of several jobs: take `Vec<T>`, where `T` is the input of one job",
    note = "`Vec<Job<T>>` and `Vec<JobContext>` are possible too; a `State<T>` is shared by all jobs"
)]
pub trait BatchArgument<Via>: Sized {
    /// The kind of the argument, to compare it with other arguments.
    #[doc(hidden)]
    const VIA: Via;

    /// The part of the argument that belongs to one job.
    #[doc(hidden)]
    type Part: Send + 'static;

    /// Describes the argument for the checks at startup.
    #[doc(hidden)]
    fn describe() -> Argument;

    /// Creates the part of one job.
    ///
    /// # Errors
    ///
    /// Returns an error if the job's input does not match the type.
    #[doc(hidden)]
    fn part(call: &mut Call) -> Result<Self::Part, Failure>;

    /// Creates the argument from the parts of all jobs. `None` if there is no job.
    #[doc(hidden)]
    fn of_parts(parts: Vec<Self::Part>) -> Option<Self>;
}

/// Marker for [`BatchArgument`]: one value for each job, of the kind `Via`.
///
/// ```
/// use runpod::signature::{BatchArgument, ViaEach, ViaInput};
///
/// fn has_inputs<T: BatchArgument<ViaEach<ViaInput>>>() {}
///
/// has_inputs::<Vec<String>>();
/// ```
#[derive(Debug)]
pub struct ViaEach<Via>(Via);

#[diagnostic::do_not_recommend]
impl<T: FromJob<Via> + Send + 'static, Via> BatchArgument<ViaEach<Via>> for Vec<T> {
    const VIA: ViaEach<Via> = ViaEach(T::VIA);

    type Part = T;

    fn describe() -> Argument {
        T::describe()
    }

    fn part(call: &mut Call) -> Result<T, Failure> {
        T::from_job(call)
    }

    fn of_parts(parts: Self) -> Option<Self> {
        Some(parts)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> BatchArgument<ViaWorker> for State<T> {
    const VIA: ViaWorker = ViaWorker;

    type Part = Self;

    fn describe() -> Argument {
        <Self as FromJob<_>>::describe()
    }

    fn part(call: &mut Call) -> Result<Self, Failure> {
        Self::from_job(call)
    }

    fn of_parts(parts: Vec<Self>) -> Option<Self> {
        parts.into_iter().next()
    }
}
