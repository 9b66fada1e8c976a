//! An error in the form of `OpenAI`'s API.

use std::error::Error as StdError;
use std::fmt;

use serde_json::{Value, json};

/// The kind of an [`ApiError`], which determines its `type` and its HTTP status.
///
/// ```
/// use runpod::openai::{ApiError, ApiErrorKind};
///
/// let error = ApiError::new(ApiErrorKind::RateLimit, "the model is busy");
/// assert_eq!((error.kind().name(), error.kind().status()), ("rate_limit_error", 429));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiErrorKind {
    /// The request is not valid: 400.
    InvalidRequest,
    /// The client may not do this: 403.
    PermissionDenied,
    /// The model or the route does not exist: 404.
    NotFound,
    /// The client must send fewer requests: 429.
    RateLimit,
    /// The worker failed: 500.
    Server,
    /// The worker cannot answer now: 503.
    Unavailable,
}

impl ApiErrorKind {
    #[cfg(any(feature = "http", test))]
    const ALL: [Self; 6] = [
        Self::InvalidRequest,
        Self::PermissionDenied,
        Self::NotFound,
        Self::RateLimit,
        Self::Server,
        Self::Unavailable,
    ];

    /// Returns the `type` of the error.
    ///
    /// ```
    /// use runpod::openai::ApiErrorKind;
    ///
    /// assert_eq!(ApiErrorKind::InvalidRequest.name(), "invalid_request_error");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request_error",
            Self::PermissionDenied => "permission_error",
            Self::NotFound => "not_found_error",
            Self::RateLimit => "rate_limit_error",
            Self::Server => "server_error",
            Self::Unavailable => "service_unavailable_error",
        }
    }

    /// Returns the HTTP status with which a worker in HTTP mode answers.
    ///
    /// ```
    /// use runpod::openai::ApiErrorKind;
    ///
    /// assert_eq!(ApiErrorKind::NotFound.status(), 404);
    /// ```
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::PermissionDenied => 403,
            Self::NotFound => 404,
            Self::RateLimit => 429,
            Self::Server => 500,
            Self::Unavailable => 503,
        }
    }

    #[cfg(any(feature = "http", test))]
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An error that an `OpenAI` client understands: a message, a type, and possibly a parameter and a code.
///
/// Return it from a handler with the option `openai`, for example if a prompt is longer than the model's window. Any
/// other error of a handler becomes a `server_error` with its message.
///
/// ```
/// use runpod::openai::{ApiError, ChatRequest};
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(openai = "chat.completions", model = "tiny")]
/// fn chat(request: ChatRequest) -> Result<impl Iterator<Item = &'static str>, ApiError> {
///     let tokens = request.messages.iter().map(|it| it.text().len()).sum();
///     if tokens > 8 {
///         return Err(ApiError::context_length("messages", 8, tokens));
///     }
///     Ok(["ok"].into_iter())
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let job = testing::Job::new(json!({
///     "openai_route": "/v1/chat/completions",
///     "openai_input": { "messages": [{ "role": "user", "content": "much too long" }] },
/// }));
/// let error = &job.stream(chat).await.stream[0];
/// assert_eq!((&error["type"], &error["param"]), (&json!("invalid_request_error"), &json!("messages")));
/// assert_eq!(error["message"], "the input has 13 tokens, and the model's context window has 8: shorten the input");
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ApiError {
    message: String,
    // Not part of the error itself, because `anyhow::Error` and transparent errors expose only its `source`.
    detail: Detail,
}

/// The parts of an [`ApiError`] other than its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detail {
    kind: ApiErrorKind,
    param: Option<String>,
    code: Option<String>,
}

impl Detail {
    /// Returns whether the worker is the cause of the error, and not the request.
    pub(crate) fn is_of_worker(&self) -> bool {
        self.kind.status() >= 500
    }
}

impl ApiError {
    /// Creates an error with a message for the client.
    ///
    /// ```
    /// use runpod::openai::{ApiError, ApiErrorKind};
    ///
    /// let error = ApiError::new(ApiErrorKind::Unavailable, "the model is loading");
    /// assert_eq!(error.to_string(), "the model is loading");
    /// ```
    pub fn new(kind: ApiErrorKind, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            detail: Detail {
                kind,
                param: None,
                code: None,
            },
        }
    }

    /// Creates an `invalid_request_error` about a parameter of the request.
    ///
    /// ```
    /// use runpod::openai::ApiError;
    ///
    /// let error = ApiError::invalid("temperature", "this model supports only temperature 0");
    /// assert_eq!(error.param(), Some("temperature"));
    /// ```
    pub fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ApiErrorKind::InvalidRequest, message).with_param(param)
    }

    /// Creates the error for an input that is longer than the model's context window. `param` is `messages`, `prompt`
    /// or `input`.
    ///
    /// ```
    /// use runpod::openai::ApiError;
    ///
    /// let error = ApiError::context_length("prompt", 2048, 3000);
    /// assert_eq!(error.code(), Some("context_length_exceeded"));
    /// ```
    pub fn context_length(param: impl Into<String>, window: usize, tokens: usize) -> Self {
        let message = format!(
            "the input has {tokens} tokens, and the model's context window has {window}: shorten the input"
        );
        Self::invalid(param, message).with_code("context_length_exceeded")
    }

    /// Creates the error for a parameter that the worker does not support.
    pub(crate) fn unsupported(param: impl Into<String>, what: &str) -> Self {
        let message = format!("{what} is not supported by this model: omit it");
        Self::invalid(param, message).with_code("unsupported_parameter")
    }

    /// Names the parameter of the request that caused the error.
    ///
    /// ```
    /// use runpod::openai::{ApiError, ApiErrorKind};
    ///
    /// let error = ApiError::new(ApiErrorKind::NotFound, "unknown adapter").with_param("model");
    /// assert_eq!(error.param(), Some("model"));
    /// ```
    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.detail.param = Some(param.into());
        self
    }

    /// Adds a code that programs can check.
    ///
    /// ```
    /// use runpod::openai::ApiError;
    ///
    /// let error = ApiError::invalid("messages", "not for minors").with_code("content_filter");
    /// assert_eq!(error.code(), Some("content_filter"));
    /// ```
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.detail.code = Some(code.into());
        self
    }

    /// Returns the error's kind.
    ///
    /// ```
    /// use runpod::openai::{ApiError, ApiErrorKind};
    ///
    /// assert_eq!(ApiError::invalid("n", "must be 1").kind(), ApiErrorKind::InvalidRequest);
    /// ```
    pub fn kind(&self) -> ApiErrorKind {
        self.detail.kind
    }

    /// Returns the parameter that caused the error.
    ///
    /// ```
    /// use runpod::openai::ApiError;
    ///
    /// assert_eq!(ApiError::invalid("n", "must be 1").param(), Some("n"));
    /// ```
    pub fn param(&self) -> Option<&str> {
        self.detail.param.as_deref()
    }

    /// Returns the error's code.
    ///
    /// ```
    /// use runpod::openai::ApiError;
    ///
    /// assert_eq!(ApiError::invalid("n", "must be 1").code(), None);
    /// ```
    pub fn code(&self) -> Option<&str> {
        self.detail.code.as_deref()
    }

    /// Returns the error with this message and this detail of a handler's error.
    pub(crate) fn of(message: &str, detail: Option<&Detail>) -> Self {
        match detail {
            Some(detail) => Self {
                message: message.to_owned(),
                detail: detail.clone(),
            },
            None => Self::new(ApiErrorKind::Server, message),
        }
    }

    pub(crate) fn detail(&self) -> &Detail {
        &self.detail
    }

    /// Returns the object of `OpenAI`'s API: `{"error": {…}}`.
    pub(crate) fn nested(&self) -> Value {
        json!({ "error": {
            "message": self.message,
            "type": self.kind().name(),
            "param": self.param(),
            "code": self.code(),
        }})
    }

    /// Returns the object that workers on a queue send as a value. It has no key `error`, with which the job would
    /// fail. The platform answers with HTTP 200, so `code` is the status that `OpenAI` would answer with.
    pub(crate) fn flat(&self) -> Value {
        json!({
            "object": "error",
            "message": self.message,
            "type": self.kind().name(),
            "param": self.param(),
            "code": self.kind().status(),
            "error_code": self.code(),
        })
    }

    /// Reads an error in either form.
    #[cfg(any(feature = "http", test))]
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let (error, code) = match value.get("error") {
            Some(error) => (error, "code"),
            None if value.get("object")? == "error" => (value, "error_code"),
            None => return None,
        };
        let text = |key: &str| error.get(key).and_then(Value::as_str).map(str::to_owned);
        let kind = text("type").as_deref().and_then(ApiErrorKind::named);
        Some(Self {
            message: text("message")?,
            detail: Detail {
                kind: kind.unwrap_or(ApiErrorKind::Server),
                param: text("param"),
                code: text(code),
            },
        })
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("kind", &self.detail.kind)
            .field("message", &self.message)
            .field("param", &self.detail.param)
            .field("code", &self.detail.code)
            .finish()
    }
}

impl StdError for ApiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.detail)
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reported as {:?}", self.kind.name())
    }
}

impl StdError for Detail {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_back_from_both_forms() {
        let error = ApiError::context_length("prompt", 8, 13);
        assert_eq!(ApiError::read(&error.nested()), Some(error.clone()));
        assert_eq!(ApiError::read(&error.flat()), Some(error));
        for kind in ApiErrorKind::ALL {
            let error = ApiError::new(kind, "m");
            assert_eq!(ApiError::read(&error.flat()), Some(error));
        }
        assert_eq!(ApiError::read(&json!({ "object": "list" })), None);
        assert_eq!(ApiError::read(&json!("error")), None);
    }
}
