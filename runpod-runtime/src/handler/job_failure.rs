//! The failure of a job, in users' extractors and `around` functions.

use std::fmt;

use super::failure::{Failure, IntoFailure};
use crate::error::BoxError;

/// The failure of a job, as its client sees it. Every error that a handler may return converts to it, so `?` works with
/// any such error in an `around` function.
///
/// ```
/// use runpod::{HandlerError, JobFailure};
///
/// let failure = JobFailure::from(HandlerError::new("Unauthorized", "the token is unknown"));
/// assert_eq!(failure.error_type(), "Unauthorized");
/// assert_eq!(failure.message(), "the token is unknown");
/// ```
// Like `anyhow::Error`, this type does not implement `std::error::Error`, because then the `From` impl below would not
// be possible.
#[derive(Clone)]
pub struct JobFailure(pub(super) Failure);

impl JobFailure {
    /// Returns the message of the failure.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the name of the failure: `Error`, the name that a [`HandlerError`](crate::HandlerError) chose, or one of
    /// the worker's own names (`docs/how-to/return-errors.md`).
    pub fn error_type(&self) -> &str {
        &self.0.error_type
    }
}

impl<E: Into<BoxError>> From<E> for JobFailure {
    fn from(error: E) -> Self {
        Self(error.into_failure())
    }
}

impl fmt::Display for JobFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl fmt::Debug for JobFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobFailure")
            .field("error_type", &self.error_type())
            .field("message", &self.message())
            .finish_non_exhaustive()
    }
}

#[diagnostic::do_not_recommend]
impl IntoFailure for JobFailure {
    fn into_failure(self) -> Failure {
        self.0
    }
}
