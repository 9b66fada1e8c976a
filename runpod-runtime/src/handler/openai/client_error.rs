//! The error that the client of a failed handler gets.

use crate::handler::failure::{Failure, IntoFailure as _};
use crate::handler::input;
use crate::openai::ApiError;

/// Returns the error for the client of a handler that failed.
pub(super) fn api_error(failure: &Failure) -> ApiError {
    ApiError::of(&failure.message, failure.openai.as_deref())
}

/// Returns the failure of an input that is not a valid request. The log gets only the parameter, because the message may
/// repeat a value of the client.
pub(super) fn input_failure(error: ApiError) -> Failure {
    let place = error
        .param()
        .map_or_else(|| "input".to_owned(), |param| format!("input.{param}"));
    Failure {
        error_type: input::ERROR_TYPE.to_owned(),
        without_data: Some(format!("{place}: not valid in a request of OpenAI's API")),
        ..error.into_failure()
    }
}
