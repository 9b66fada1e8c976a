//! Parameters in a request's path and query.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::queue::{JobId, QueueError};
use crate::response::ErrorResponse;
use crate::text::quoted;

/// The parameters of a path. If they are not valid, the answer is an error in this API's usual format.
#[derive(Debug)]
pub(crate) struct PathParameters<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for PathParameters<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorResponse> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(parameters)) => Ok(Self(parameters)),
            Err(error) => Err(ErrorResponse::bad_request(format!(
                "the path is not valid: {}; ids must be percent-encoded UTF-8",
                error.body_text()
            ))),
        }
    }
}

/// Parses a job id.
pub(crate) fn job_id(text: &str) -> Result<JobId, ErrorResponse> {
    JobId::parse(text).ok_or_else(|| QueueError::UnknownJob(quoted(text).into_owned()).into())
}

/// Returns the value of the last parameter with this name, without decoding it.
pub(crate) fn query<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    query?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .next_back()
}
