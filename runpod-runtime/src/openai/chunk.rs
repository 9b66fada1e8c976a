//! The pieces of an answer that a handler sends.

use serde::{Deserialize, Serialize};

use super::tool::ToolCall;

/// The reason why an answer has ended.
///
/// ```
/// use runpod::openai::FinishReason;
///
/// assert_eq!(FinishReason::Length.name(), "length");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// The model has finished, or a stop string was found.
    Stop,
    /// The largest number of tokens was reached.
    Length,
    /// The model has called functions, and waits for their results.
    ToolCalls,
    /// Content was removed by a filter.
    ContentFilter,
}

impl FinishReason {
    /// Returns the reason's name in JSON.
    ///
    /// ```
    /// use runpod::openai::FinishReason;
    ///
    /// assert_eq!(FinishReason::ContentFilter.name(), "content_filter");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
        }
    }
}

/// A piece of an answer: text, a call of a function, or a fact about the whole answer.
///
/// A handler sends text as `String`, `&str` or `Chunk::text`. If it sends only text, the answer ends with the reason
/// `stop`, and in `usage` each piece counts as one token, and the prompt as none. To report the true values, send
/// [`Chunk::finish`] and [`Chunk::usage`] as well.
///
/// ```
/// use runpod::openai::{ChatRequest, Chunk, FinishReason};
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(openai = "chat.completions", model = "counter")]
/// fn count(request: ChatRequest) -> impl Iterator<Item = Chunk> {
///     let most = request.sampling.max_tokens.unwrap_or(3);
///     let numbers = (1..=most).map(|number| Chunk::text(format!("{number} ")));
///     numbers.chain([Chunk::finish(FinishReason::Length), Chunk::usage(12, most)])
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let messages = json!([{ "role": "user", "content": "count" }]);
/// let job = testing::Job::new(json!({
///     "openai_route": "/v1/chat/completions",
///     "openai_input": { "messages": messages, "max_tokens": 2 },
/// }));
/// let answer = &job.stream(count).await.stream[0];
/// assert_eq!(answer["choices"][0]["finish_reason"], "length");
/// assert_eq!(answer["choices"][0]["message"]["content"], "1 2 ");
/// assert_eq!(answer["usage"]["total_tokens"], 14);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chunk(Piece);

/// A [`Chunk`] in the form in which it reaches the frames.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Piece {
    Text(String),
    ToolCall(ToolCall),
    Finish(FinishReason),
    Usage { prompt: usize, completion: usize },
}

impl Chunk {
    /// Creates a piece of text. Send the text of each token as soon as it is known, with its leading space.
    ///
    /// ```
    /// use runpod::openai::Chunk;
    ///
    /// let piece = Chunk::text(" world");
    /// # let _ = piece;
    /// ```
    pub fn text(text: impl Into<String>) -> Self {
        Self(Piece::Text(text.into()))
    }

    /// Creates a call of one of the client's functions ([`ChatRequest::tools`](super::ChatRequest::tools)).
    ///
    /// ```
    /// use runpod::openai::{ChatRequest, Chunk, ToolCall};
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// #[runpod::handler(openai = "chat.completions", model = "forecaster", accepts = "tools")]
    /// fn chat(request: ChatRequest) -> impl Iterator<Item = Chunk> {
    ///     let call = |name| Chunk::tool_call(ToolCall::new(name, r#"{"city":"Oslo"}"#));
    ///     request.tools.into_iter().map(|tool| tool.name).map(call)
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let job = testing::Job::new(json!({
    ///     "openai_route": "/v1/chat/completions",
    ///     "openai_input": {
    ///         "messages": [{ "role": "user", "content": "Is it raining in Oslo?" }],
    ///         "tools": [{ "type": "function", "function": { "name": "weather" } }],
    ///     },
    /// }));
    /// let choice = &job.stream(chat).await.stream[0]["choices"][0];
    /// assert_eq!(choice["finish_reason"], "tool_calls");
    /// assert_eq!(choice["message"]["tool_calls"][0]["function"]["name"], "weather");
    /// # }
    /// ```
    pub fn tool_call(call: ToolCall) -> Self {
        Self(Piece::ToolCall(call))
    }

    /// Reports why the answer has ended. Without it, the reason is [`FinishReason::ToolCalls`] if a function was called,
    /// and [`FinishReason::Stop`] otherwise.
    ///
    /// ```
    /// use runpod::openai::{Chunk, FinishReason};
    ///
    /// let piece = Chunk::finish(FinishReason::Length);
    /// # let _ = piece;
    /// ```
    pub fn finish(reason: FinishReason) -> Self {
        Self(Piece::Finish(reason))
    }

    /// Reports how many tokens the prompt and the answer have, for the client's `usage`. The last report counts.
    ///
    /// ```
    /// use runpod::openai::Chunk;
    ///
    /// let piece = Chunk::usage(12, 40);
    /// # let _ = piece;
    /// ```
    pub fn usage(prompt_tokens: usize, completion_tokens: usize) -> Self {
        Self(Piece::Usage {
            prompt: prompt_tokens,
            completion: completion_tokens,
        })
    }
}
