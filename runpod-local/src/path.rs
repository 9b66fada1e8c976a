//! What stands in a request's path and query.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::answer::Answer;
use crate::queue::{JobId, Refusal};

/// The parameters of a path; what is wrong with them is told as all errors are.
#[derive(Debug)]
pub(crate) struct InPath<T>(pub(crate) T);

impl<S, T> FromRequestParts<S> for InPath<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Answer> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(parameters)) => Ok(Self(parameters)),
            Err(error) => Err(Answer::bad_request(format!(
                "the path cannot be read: {}; ids are percent-encoded UTF-8",
                error.body_text()
            ))),
        }
    }
}

/// A job id that can be one.
pub(crate) fn job(text: &str) -> Result<JobId, Answer> {
    JobId::parse(text).ok_or_else(|| Refusal::UnknownJob(shown(text)).into())
}

/// The value of a query's last such parameter, as it stands there.
pub(crate) fn parameter<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    query?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .next_back()
}

/// A piece of a request as an answer repeats it: not too much of it.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 100;
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
