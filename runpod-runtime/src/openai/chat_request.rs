//! A request for a chat completion.

use serde_json::{Map, Value};

use super::api_error::ApiError;
use super::endpoint::Endpoint;
use super::fields::{Fields, missing, wrong};
use super::message::Message;
use super::sampling::Sampling;
use super::tool::{Tool, ToolChoice};
use super::unsupported::{self, Unsupported, is_empty};

/// A request for a chat completion, as a handler with `openai = "chat.completions"` gets it.
///
/// The request is valid: it has at least one message, and its parameters are within `OpenAI`'s limits. If a request is not
/// valid, the client gets `OpenAI`'s own error, and the handler is not called.
///
/// ```
/// use runpod::openai::ChatRequest;
/// use runpod::prelude::*;
///
/// # fn main() -> Result<(), runpod::openai::ApiError> {
/// let request = ChatRequest::from_json(json!({ "messages": [
///     { "role": "system", "content": "Be brief." },
///     { "role": "user", "content": "What is Rust?" },
/// ]}))?;
/// let prompt: String = request.messages.iter().map(|it| format!("<{}>{}", it.role.name(), it.text())).collect();
/// assert_eq!(prompt, "<system>Be brief.<user>What is Rust?");
///
/// let error = ChatRequest::from_json(json!({ "messages": [] })).unwrap_err();
/// assert_eq!(error.param(), Some("messages"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ChatRequest {
    /// The name of the model. If the client gave none, it is the name of the handler's model.
    pub model: String,
    /// The conversation: one message or more.
    pub messages: Vec<Message>,
    /// The functions that the model may call. There are none unless the attribute has `accepts = "tools"`.
    pub tools: Vec<Tool>,
    /// Whether the model may or must call one of the [`tools`](Self::tools).
    pub tool_choice: ToolChoice,
    /// The parameters that control how the model chooses its tokens.
    pub sampling: Sampling,
    /// Whether the client reads a stream. The runtime does what is needed. A handler may use it to decide how often it
    /// sends a piece.
    pub stream: bool,
    /// All other fields, such as `user`, and `response_format` if the attribute accepts it.
    pub extra: Map<String, Value>,
}

impl ChatRequest {
    /// Creates a request with these messages, for tests.
    ///
    /// ```
    /// use runpod::openai::{ChatRequest, Message};
    ///
    /// let request = ChatRequest::new(vec![Message::user("hi")]);
    /// assert_eq!(request.sampling.max_tokens, None);
    /// ```
    pub fn new(messages: Vec<Message>) -> Self {
        Self {
            model: String::new(),
            messages,
            tools: Vec::new(),
            tool_choice: ToolChoice::Auto,
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
    /// use runpod::openai::ChatRequest;
    /// use runpod::prelude::*;
    ///
    /// let messages = json!([{ "role": "robot", "content": "hi" }]);
    /// let error = ChatRequest::from_json(json!({ "messages": messages })).unwrap_err();
    /// assert!(error.to_string().starts_with("messages.0.role: found \"robot\""));
    /// ```
    pub fn from_json(body: Value) -> Result<Self, ApiError> {
        Self::read(body, &Endpoint::CHAT)
    }

    pub(crate) fn read(body: Value, endpoint: &Endpoint) -> Result<Self, ApiError> {
        let mut fields = Fields::of_request(body)?;
        let expected = "a list of one message or more";
        let messages = match fields.take("messages") {
            None => return Err(missing("messages", expected)),
            Some(Value::Array(messages)) => messages,
            Some(other) => return Err(wrong("messages", &other, expected)),
        };
        if messages.is_empty() {
            return Err(ApiError::invalid(
                "messages",
                format!("messages: found an empty list; expected {expected}"),
            ));
        }
        let messages: Vec<_> = messages
            .into_iter()
            .enumerate()
            .map(|(index, message)| {
                Message::read(message, &format!("messages.{index}"), endpoint.accepts)
            })
            .collect::<Result<_, _>>()?;
        unsupported::refuse(&fields, endpoint.accepts, &CHAT_ONLY)?;
        fields.take("stream_options");
        let tools = Tool::take_all(&mut fields)?;
        Ok(Self {
            tool_choice: ToolChoice::take(&mut fields, &tools)?,
            tools,
            model: fields.text("model")?.unwrap_or_default(),
            messages,
            sampling: Sampling::take(&mut fields, endpoint.context_window)?,
            stream: fields.flag("stream")?,
            extra: fields.rest(),
        })
    }
}

const CHAT_ONLY: [Unsupported; 10] = [
    ("n", |n| *n == 1),
    ("tools", is_empty),
    ("functions", is_empty),
    ("function_call", |choice| {
        choice == "none" || choice == "auto"
    }),
    ("response_format", |format| {
        format.get("type").is_some_and(|it| it == "text")
    }),
    ("logprobs", |flag| *flag == false),
    ("top_logprobs", |number| *number == 0),
    ("logit_bias", is_empty),
    ("modalities", |kinds| *kinds == serde_json::json!(["text"])),
    ("audio", |_| false),
];
