//! An error that has something to say in a header too.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response};
use axum::response::IntoResponse as _;

use crate::answer::Answer;

#[derive(Debug)]
pub(super) struct Refusal {
    answer: Answer,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(super) fn with_header(
        answer: Answer,
        name: HeaderName,
        value: impl Into<HeaderValue>,
    ) -> Self {
        Self {
            answer,
            header: Some((name, value.into())),
        }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = self.answer.into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Answer> for Refusal {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            header: None,
        }
    }
}
