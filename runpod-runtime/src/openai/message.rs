//! A message of a conversation.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::api_error::ApiError;
use super::fields::{Fields, missing, wrong};
use super::tool::ToolCall;

/// The author of a [`Message`].
///
/// ```
/// use runpod::openai::{Message, Role};
///
/// assert_eq!(Message::user("hi").role, Role::User);
/// assert_eq!(Role::Developer.name(), "developer");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// Instructions for the model.
    System,
    /// Instructions for the model: the name that newer clients use instead of `system`.
    Developer,
    /// The person who asks.
    User,
    /// The model.
    Assistant,
    /// The result of a tool that the model has called.
    Tool,
}

impl Role {
    const ALL: [Self; 5] = [
        Self::System,
        Self::Developer,
        Self::User,
        Self::Assistant,
        Self::Tool,
    ];

    /// Returns the role's name in JSON.
    ///
    /// ```
    /// use runpod::openai::Role;
    ///
    /// assert_eq!(Role::Assistant.name(), "assistant");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// A message of a conversation.
///
/// ```
/// use runpod::openai::{ChatRequest, Role};
/// use runpod::prelude::*;
///
/// # fn main() -> Result<(), runpod::openai::ApiError> {
/// let request = ChatRequest::from_json(json!({ "messages": [{ "role": "user", "content": [
///     { "type": "text", "text": "What is" },
///     { "type": "text", "text": "Rust?" },
/// ]}]}))?;
/// let message = &request.messages[0];
/// assert_eq!(message.role, Role::User);
/// assert_eq!(message.text(), "What is\nRust?");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The author.
    pub role: Role,
    /// The content: text, or parts of several kinds.
    pub content: Content,
    /// The name of the author, to tell several authors with the same role apart.
    pub name: Option<String>,
    /// The functions that the model has called in this message.
    pub tool_calls: Vec<ToolCall>,
    /// In a message of a tool, the [`id`](ToolCall::id) of the call that it answers.
    pub tool_call_id: Option<String>,
    /// All other fields.
    pub extra: Map<String, Value>,
}

/// The content of a [`Message`].
///
/// ```
/// use runpod::openai::Content;
///
/// let content = Content::Text("hi".to_owned());
/// assert_eq!(content.text(), "hi");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Text. If the message has no content, the text is empty.
    Text(String),
    /// Parts of several kinds, in their order.
    Parts(Vec<Part>),
}

/// A part of a message's [`Content`].
///
/// ```
/// use runpod::openai::{Content, Part};
///
/// let content = Content::Parts(vec![Part::Text("a".into()), Part::Text("b".into())]);
/// assert_eq!(content.text(), "a\nb");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// Text.
    Text(String),
    /// An image. A handler gets images only if its attribute has `accepts = "image_url"`.
    ImageUrl {
        /// A URL, or a data URL with the image.
        url: String,
        /// How closely the model should look: `low`, `high` or `auto`.
        detail: Option<String>,
    },
    /// A part of another type, as the client sent it. A handler gets it only if its attribute accepts this type.
    Other(Map<String, Value>),
}

impl Message {
    /// Creates a message of the user, for tests.
    ///
    /// ```
    /// use runpod::openai::Message;
    ///
    /// assert_eq!(Message::user("hi").text(), "hi");
    /// ```
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, text)
    }

    /// Creates a message of text.
    ///
    /// ```
    /// use runpod::openai::{Message, Role};
    ///
    /// assert_eq!(Message::new(Role::System, "Be brief.").role.name(), "system");
    /// ```
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            content: Content::Text(text.into()),
            name: None,
            tool_calls: Vec::new(),
            tool_call_id: None,
            extra: Map::new(),
        }
    }

    /// Returns the text of the message ([`Content::text`]).
    ///
    /// ```
    /// use runpod::openai::Message;
    ///
    /// assert_eq!(Message::user("hi").text(), "hi");
    /// ```
    pub fn text(&self) -> Cow<'_, str> {
        self.content.text()
    }

    pub(super) fn read(value: Value, place: &str, accepts: &str) -> Result<Self, ApiError> {
        let mut fields = Fields::at(place, value, "an object with `role` and `content`")?;
        let at = |name: &str| format!("{place}.{name}");
        let role = match fields.take("role") {
            None => return Err(missing(&at("role"), &roles())),
            Some(role) => Role::ALL
                .into_iter()
                .find(|known| role == known.name())
                .ok_or_else(|| wrong(&at("role"), &role, &roles()))?,
        };
        let content = match fields.take("content") {
            None => Content::Text(String::new()),
            Some(Value::String(text)) => Content::Text(text),
            Some(Value::Array(parts)) => Content::Parts(
                parts
                    .into_iter()
                    .enumerate()
                    .map(|(index, part)| {
                        Part::read(part, &format!("{place}.content.{index}"), accepts)
                    })
                    .collect::<Result<_, _>>()?,
            ),
            Some(other) => {
                return Err(wrong(&at("content"), &other, "a string or a list of parts"));
            }
        };
        Ok(Self {
            role,
            content,
            name: fields.text("name")?,
            tool_calls: ToolCall::take_all(&mut fields)?,
            tool_call_id: fields.text("tool_call_id")?,
            extra: fields.rest(),
        })
    }
}

fn roles() -> String {
    let names: Vec<_> = Role::ALL
        .iter()
        .map(|it| format!("\"{}\"", it.name()))
        .collect();
    format!("one of {}", names.join(", "))
}

impl Content {
    /// Returns the text. If the content has parts, the text parts are joined with line breaks, and the other parts are
    /// left out.
    ///
    /// ```
    /// use runpod::openai::Content;
    ///
    /// assert_eq!(Content::Parts(vec![]).text(), "");
    /// ```
    pub fn text(&self) -> Cow<'_, str> {
        let parts = match self {
            Self::Text(text) => return Cow::Borrowed(text),
            Self::Parts(parts) => parts,
        };
        let mut texts = parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        });
        let first = texts.next().unwrap_or_default();
        texts.fold(Cow::Borrowed(first), |mut all, text| {
            all.to_mut().push('\n');
            all.to_mut().push_str(text);
            all
        })
    }

    /// Returns the parts. Text is one part.
    ///
    /// ```
    /// use runpod::openai::{Content, Part};
    ///
    /// assert_eq!(*Content::Text("a".into()).parts(), [Part::Text("a".into())]);
    /// ```
    pub fn parts(&self) -> Cow<'_, [Part]> {
        match self {
            Self::Text(text) => Cow::Owned(vec![Part::Text(text.clone())]),
            Self::Parts(parts) => Cow::Borrowed(parts),
        }
    }
}

impl Part {
    fn read(value: Value, place: &str, accepts: &str) -> Result<Self, ApiError> {
        let Value::Object(part) = value else {
            return Err(wrong(place, &value, "an object with a `type`"));
        };
        let Some(kind) = part.get("type").and_then(Value::as_str) else {
            return Err(missing(
                &format!("{place}.type"),
                "the type of the part, such as \"text\"",
            ));
        };
        let text_of = |place: String, value: Option<&Value>| match value {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(wrong(&place, other, "a string")),
            None => Err(missing(&place, "a string")),
        };
        if matches!(kind, "text" | "input_text") {
            return text_of(format!("{place}.text"), part.get("text")).map(Self::Text);
        }
        if !super::endpoint::is_accepted(accepts, kind) {
            let what = format!("{place}: a part of the type `{kind}`");
            return Err(ApiError::unsupported(place, &what));
        }
        if kind != "image_url" {
            return Ok(Self::Other(part));
        }
        let image = part.get("image_url");
        let url = match image {
            Some(Value::String(url)) => url.clone(),
            _ => text_of(
                format!("{place}.image_url.url"),
                image.and_then(|it| it.get("url")),
            )?,
        };
        let detail = image.and_then(|image| image.get("detail")?.as_str());
        Ok(Self::ImageUrl {
            url,
            detail: detail.map(str::to_owned),
        })
    }
}
