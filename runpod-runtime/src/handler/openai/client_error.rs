//! The error that the client of a failed handler gets.

use crate::handler::failure::Failure;
use crate::openai::ApiError;

/// Returns the error for the client of a handler that failed.
pub(super) fn api_error(failure: &Failure) -> ApiError {
    ApiError::of(&failure.message, failure.openai.as_deref())
}
