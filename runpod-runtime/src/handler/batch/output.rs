//! The results of a batch handler.

use std::convert::Infallible;

use crate::handler::failure::{Failure, IntoFailure};
use crate::handler::output::{IntoOutput, Output};

/// A list with one result for each job: a `Vec`.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::signature::BatchOutput;
///
/// fn can_be_the_results<T: BatchOutput>() {}
///
/// can_be_the_results::<Vec<f32>>();
/// can_be_the_results::<Vec<Result<f32, String>>>();
/// ```
///
/// A single result does not compile:
///
/// ```compile_fail
/// use runpod::prelude::*;
///
/// #[runpod::handler(batch)]
/// fn count(texts: Vec<String>) -> usize {
///     texts.len()
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a `batch` handler",
    label = "not a `Vec` with one result for each job",
    note = "return `Vec<T>`, `Vec<Result<T, E>>` or `Result<Vec<T>, E>`, with the results in the order of the inputs"
)]
pub trait BatchOutput {
    /// The result of one job.
    #[doc(hidden)]
    type Item;

    /// Returns the results.
    #[doc(hidden)]
    fn into_results(self) -> Vec<Self::Item>;
}

#[diagnostic::do_not_recommend]
impl<T> BatchOutput for Vec<T> {
    type Item = T;

    fn into_results(self) -> Self {
        self
    }
}

/// A batch handler's return value before it is converted. Like [`Returned`](super::super::Returned), method look-up
/// distinguishes a `Result` from a list.
#[derive(Debug)]
pub struct ReturnedBatch<T>(pub T);

impl<T, E> ReturnedBatch<Result<T, E>> {
    /// Returns the list, or the failure of the whole call.
    ///
    /// # Errors
    ///
    /// Returns an error if the handler returned `Err`.
    pub fn __rp_list(self, failure: fn(E) -> Failure) -> Result<T, Failure> {
        self.0.map_err(failure)
    }
}

/// The fallback for a list.
pub trait ReturnedList {
    /// The type of the list.
    type List;

    /// Returns the list.
    ///
    /// # Errors
    ///
    /// Never returns an error.
    fn __rp_list(self, failure: fn(Infallible) -> Failure) -> Result<Self::List, Failure>;
}

impl<T> ReturnedList for ReturnedBatch<T> {
    type List = T;

    fn __rp_list(self, _: fn(Infallible) -> Failure) -> Result<T, Failure> {
        Ok(self.0)
    }
}

/// The results of a function that is passed to the builder or to a test: `Vec<T>`, or `Result<Vec<T>, E>`.
pub trait BatchItem<Via> {
    /// The result of one job.
    type Item;

    /// Returns the results.
    ///
    /// # Errors
    ///
    /// Returns an error if the whole call failed.
    fn into_list(self) -> Result<Vec<Self::Item>, Failure>;

    /// Converts one result.
    ///
    /// # Errors
    ///
    /// Returns an error if the job failed, or if its value does not serialise.
    fn into_output(item: Self::Item) -> Output;
}

/// Marker: a plain list, whose items are results of the kind `Via`.
#[derive(Debug)]
pub struct ViaList<Via>(Via);
/// Marker: a `Result` with a list.
#[derive(Debug)]
pub struct ViaListResult<Via>(Via);

#[diagnostic::do_not_recommend]
impl<T: IntoOutput<Via>, Via> BatchItem<ViaList<Via>> for Vec<T> {
    type Item = T;

    fn into_list(self) -> Result<Self, Failure> {
        Ok(self)
    }

    fn into_output(item: T) -> Output {
        item.into_output()
    }
}

#[diagnostic::do_not_recommend]
impl<T: IntoOutput<Via>, E: IntoFailure, Via> BatchItem<ViaListResult<Via>> for Result<Vec<T>, E> {
    type Item = T;

    fn into_list(self) -> Result<Vec<T>, Failure> {
        self.map_err(E::into_failure)
    }

    fn into_output(item: T) -> Output {
        item.into_output()
    }
}
