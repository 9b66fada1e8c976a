//! Answers in JSON. Every error has the form `{"error": "text"}`.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

use crate::queue::QueueError;

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorResponse {
    status: StatusCode,
    text: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl ErrorResponse {
    /// Creates an error answer. The text says what is wrong, where, and what to do.
    pub(crate) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
            header: None,
        }
    }

    /// Adds a header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.header = Some((name, value.into()));
        self
    }

    pub(crate) fn bad_request(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
        }
        // A struct with a single string always serialises to JSON.
        let body = serde_json::to_vec(&Body { error: &self.text }).unwrap_or_default();
        let mut response = json(self.status, body);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// Returns an answer with the status 200. The body is already JSON.
pub(crate) fn ok(body: impl Into<Bytes>) -> Response {
    json(StatusCode::OK, body)
}

/// Returns an answer whose body is already JSON.
pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(axum::body::Body::from(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

impl From<QueueError> for ErrorResponse {
    fn from(refusal: QueueError) -> Self {
        let status = match refusal {
            QueueError::QueueFull(_) | QueueError::HeldFull(_) | QueueError::TooManyWorkers(_) => {
                StatusCode::TOO_MANY_REQUESTS
            }
            QueueError::WorkerEnded(_) => StatusCode::GONE,
            QueueError::UnknownJob(_) => StatusCode::NOT_FOUND,
            QueueError::NeverTaken { .. } | QueueError::NotRetriable { .. } => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.to_string())
    }
}
