//! A request for a completion.

use serde_json::{Map, Value};

use super::api_error::ApiError;
use super::endpoint::Endpoint;
use super::fields::{Fields, missing, wrong};
use super::sampling::Sampling;
use super::unsupported::{self, is_empty};

/// A request to complete a prompt, as a handler with `openai = "completions"` gets it.
///
/// ```
/// use runpod::openai::CompletionRequest;
/// use runpod::prelude::*;
///
/// # fn main() -> Result<(), runpod::openai::ApiError> {
/// let request = CompletionRequest::from_json(json!({ "prompt": "Once upon", "max_tokens": 8 }))?;
/// assert_eq!((request.prompt.as_str(), request.sampling.max_tokens), ("Once upon", Some(8)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CompletionRequest {
    /// The name of the model. If the client gave none, it is the name of the handler's model.
    pub model: String,
    /// The text to continue.
    pub prompt: String,
    /// The parameters that control how the model chooses its tokens.
    pub sampling: Sampling,
    /// Whether the client reads a stream.
    pub stream: bool,
    /// All other fields, such as `user`.
    pub extra: Map<String, Value>,
}

impl CompletionRequest {
    /// Creates a request with this prompt, for tests.
    ///
    /// ```
    /// use runpod::openai::CompletionRequest;
    ///
    /// assert_eq!(CompletionRequest::new("Once upon").prompt, "Once upon");
    /// ```
    pub fn new(prompt: impl Into<String>) -> Self {
        Self {
            model: String::new(),
            prompt: prompt.into(),
            sampling: Sampling::default(),
            stream: false,
            extra: Map::new(),
        }
    }

    /// Reads a request, for tests.
    ///
    /// # Errors
    ///
    /// Returns the error that the client of a handler without further options would get.
    ///
    /// ```
    /// use runpod::openai::CompletionRequest;
    /// use runpod::prelude::*;
    ///
    /// let error = CompletionRequest::from_json(json!({ "prompt": ["a", "b"] })).unwrap_err();
    /// assert_eq!(error.param(), Some("prompt"));
    /// ```
    pub fn from_json(body: Value) -> Result<Self, ApiError> {
        Self::read(body, &Endpoint::COMPLETIONS)
    }

    pub(crate) fn read(body: Value, endpoint: &Endpoint) -> Result<Self, ApiError> {
        let mut fields = Fields::of_request(body)?;
        let expected = "a string";
        let prompt = match fields.take("prompt") {
            None => return Err(missing("prompt", expected)),
            Some(Value::String(prompt)) => prompt,
            Some(Value::Array(prompts)) => one(prompts)?,
            Some(other) => return Err(wrong("prompt", &other, expected)),
        };
        unsupported::refuse(
            &fields,
            endpoint.accepts,
            &[
                ("n", |n| *n == 1),
                ("best_of", |n| *n == 1),
                ("echo", |flag| *flag == false),
                ("suffix", |text| text == ""),
                // The number 0 asks for the probabilities of the chosen tokens.
                ("logprobs", |flag| *flag == false),
                ("logit_bias", is_empty),
            ],
        )?;
        fields.take("stream_options");
        Ok(Self {
            model: fields.text("model")?.unwrap_or_default(),
            prompt,
            sampling: Sampling::take(&mut fields, endpoint.context_window)?,
            stream: fields.flag("stream")?,
            extra: fields.rest(),
        })
    }
}

/// Returns the only prompt of a list.
fn one(prompts: Vec<Value>) -> Result<String, ApiError> {
    let mut prompts = prompts.into_iter();
    match (prompts.next(), prompts.next()) {
        (Some(Value::String(prompt)), None) => Ok(prompt),
        (None, _) => Err(ApiError::invalid(
            "prompt",
            "prompt: found an empty list; expected a string",
        )),
        (Some(Value::String(_)), Some(_)) => {
            Err(ApiError::unsupported("prompt", "a list of several prompts"))
        }
        (Some(Value::Number(_) | Value::Array(_)), _) => {
            Err(ApiError::unsupported("prompt", "a prompt of token numbers"))
        }
        (Some(other), _) => Err(wrong("prompt.0", &other, "a string")),
    }
}
