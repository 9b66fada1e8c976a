//! The one shape of an error: `{"error": "text"}` with its status.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

use crate::queue::Refusal;

/// What a client that asked for the wrong thing is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    status: StatusCode,
    text: String,
}

impl Answer {
    /// The text says what was wrong, where, and what to do.
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
        }
    }

    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
        }
        // A struct of one string always becomes JSON.
        let body = serde_json::to_vec(&Body { error: &self.text }).unwrap_or_default();
        json(self.status, body)
    }
}

/// An answer whose body is JSON already.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(axum::body::Body::from(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::QueueFull(_) | Refusal::HeldFull(_) | Refusal::TooManyWorkers(_) => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Refusal::WorkerEnded(_) => StatusCode::GONE,
            Refusal::UnknownJob(_) => StatusCode::NOT_FOUND,
            Refusal::NeverTaken { .. } | Refusal::NotRetriable { .. } => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.to_string())
    }
}
