//! The functions that a model may call.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::api_error::ApiError;
use super::fields::{Fields, missing, wrong};

/// A function that the client offers to the model.
///
/// A handler gets tools only if its attribute has `accepts = "tools"`.
///
/// ```
/// use runpod::openai::ChatRequest;
/// use runpod::prelude::*;
///
/// # fn main() -> Result<(), runpod::openai::ApiError> {
/// let request = ChatRequest::from_json(json!({
///     "messages": [{ "role": "user", "content": "Is it raining?" }],
///     "tools": [{ "type": "function", "function": {
///         "name": "weather",
///         "parameters": { "type": "object", "properties": { "city": { "type": "string" } } },
///     }}],
/// }));
/// assert_eq!(request.unwrap_err().param(), Some("tools"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Tool {
    /// The name of the function.
    pub name: String,
    /// What the function does, in words for the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A JSON schema of the arguments. If it is `None`, the function has no arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
    /// Whether the arguments must match the schema exactly.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

/// Whether the model may or must call a function.
///
/// ```
/// use runpod::openai::ToolChoice;
///
/// assert_eq!(ToolChoice::default(), ToolChoice::Auto);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolChoice {
    /// The model decides. This is the default.
    #[default]
    Auto,
    /// The model must not call a function.
    None,
    /// The model must call one function or more.
    Required,
    /// The model must call the function with this name, which is one of the request's tools.
    Function(String),
}

/// A call of a function: sent by the handler as [`Chunk::tool_call`](super::Chunk::tool_call), and part of a later
/// request's messages.
///
/// ```
/// use runpod::openai::ToolCall;
/// use runpod::prelude::*;
///
/// let call = ToolCall::new("weather", json!({ "city": "Oslo" }).to_string());
/// assert!(call.id.starts_with("call_"));
/// assert_eq!(call.arguments, r#"{"city":"Oslo"}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolCall {
    /// The name of the call. The message with the call's result repeats it as
    /// [`Message::tool_call_id`](super::Message::tool_call_id).
    pub id: String,
    /// The name of the function.
    pub name: String,
    /// The arguments, as a JSON text. The text comes from a model, so it may be invalid.
    pub arguments: String,
}

impl ToolCall {
    /// Creates a call with a new id.
    ///
    /// ```
    /// use runpod::openai::ToolCall;
    ///
    /// assert_ne!(ToolCall::new("now", "{}").id, ToolCall::new("now", "{}").id);
    /// ```
    pub fn new(name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self {
            id: format!("call_{}", uuid::Uuid::new_v4().simple()),
            name: name.into(),
            arguments: arguments.into(),
        }
    }

    /// Returns the call in the form of `OpenAI`'s messages.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::json!({
            "id": self.id,
            "type": "function",
            "function": { "name": self.name, "arguments": self.arguments },
        })
    }

    /// Reads the `tool_calls` of a message.
    pub(super) fn take_all(fields: &mut Fields) -> Result<Vec<Self>, ApiError> {
        let place = fields.place("tool_calls");
        list(fields.take("tool_calls"), &place)?
            .into_iter()
            .enumerate()
            .map(|(index, call)| Self::read(call, &format!("{place}.{index}")))
            .collect()
    }

    fn read(call: Value, place: &str) -> Result<Self, ApiError> {
        let mut call = Fields::at(place, call, "an object")?;
        let id = required(&mut call, "id")?;
        let mut function = function(&mut call)?;
        Ok(Self {
            id,
            name: required(&mut function, "name")?,
            arguments: required(&mut function, "arguments")?,
        })
    }
}

impl Tool {
    /// Reads the `tools` of a request.
    pub(super) fn take_all(fields: &mut Fields) -> Result<Vec<Self>, ApiError> {
        list(fields.take("tools"), "tools")?
            .into_iter()
            .enumerate()
            .map(|(index, tool)| Self::read(tool, &format!("tools.{index}")))
            .collect()
    }

    fn read(tool: Value, place: &str) -> Result<Self, ApiError> {
        let mut tool = Fields::at(place, tool, "an object")?;
        match tool.take("type") {
            Some(kind) if kind == "function" => {}
            Some(kind) => return Err(wrong(&tool.place("type"), &kind, "\"function\"")),
            None => return Err(missing(&tool.place("type"), "\"function\"")),
        }
        let mut function = function(&mut tool)?;
        let parameters = match function.take("parameters") {
            None => None,
            Some(Value::Object(schema)) => Some(schema),
            Some(other) => {
                return Err(wrong(
                    &function.place("parameters"),
                    &other,
                    "a JSON schema",
                ));
            }
        };
        Ok(Self {
            name: required(&mut function, "name")?,
            description: function.text("description")?,
            parameters,
            strict: function.flag("strict")?,
        })
    }
}

impl ToolChoice {
    pub(super) fn take(fields: &mut Fields, tools: &[Tool]) -> Result<Self, ApiError> {
        const PLACE: &str = "tool_choice";
        let Some(choice) = fields.take(PLACE) else {
            return Ok(Self::Auto);
        };
        match choice.as_str() {
            Some("auto") => return Ok(Self::Auto),
            Some("none") => return Ok(Self::None),
            _ => {}
        }
        let is_required = choice == "required";
        if !is_required && !choice.is_object() {
            let expected = "\"auto\", \"none\", \"required\", or an object that names a function";
            return Err(wrong(PLACE, &choice, expected));
        }
        if tools.is_empty() {
            let message =
                "tool_choice asks for a call of a function, but the request has no `tools`";
            return Err(ApiError::invalid(PLACE, message));
        }
        if is_required {
            return Ok(Self::Required);
        }
        let mut choice = Fields::at(PLACE, choice, "an object")?;
        let mut function = function(&mut choice)?;
        let name = required(&mut function, "name")?;
        if tools.iter().any(|tool| tool.name == name) {
            return Ok(Self::Function(name));
        }
        let names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
        let expected = format!("the name of one of the tools ({})", names.join(", "));
        Err(wrong(&function.place("name"), &name.into(), &expected))
    }
}

fn list(value: Option<Value>, place: &str) -> Result<Vec<Value>, ApiError> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(wrong(place, &other, "a list")),
    }
}

fn function(fields: &mut Fields) -> Result<Fields, ApiError> {
    let place = fields.place("function");
    match fields.take("function") {
        Some(function) => Fields::at(&place, function, "an object"),
        None => Err(missing(&place, "an object with the function's `name`")),
    }
}

fn required(fields: &mut Fields, name: &str) -> Result<String, ApiError> {
    let text = fields.text(name)?;
    text.ok_or_else(|| missing(&fields.place(name), "a string"))
}
