//! The types of `OpenAI`'s API for language models: requests, pieces of an answer, and errors.
//!
//! A handler takes one of the requests and returns text or vectors. The option `openai` of
//! [`#[runpod::handler]`](https://docs.rs/runpod-worker) connects it to the routes, and the runtime writes the frames.
//! `docs/how-to/serve-chat.md` shows complete workers.
//!
//! ```
//! use runpod::openai::ChatRequest;
//! use runpod::prelude::*;
//! use runpod::testing;
//!
//! #[runpod::handler(openai = "chat.completions", model = "parrot")]
//! fn chat(request: ChatRequest) -> impl Iterator<Item = String> {
//!     let words = request.messages.last().map(|it| it.text()).unwrap_or_default();
//!     words.split_inclusive(' ').map(str::to_owned).collect::<Vec<_>>().into_iter()
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! let job = testing::Job::new(json!({
//!     "openai_route": "/v1/chat/completions",
//!     "openai_input": { "model": "parrot", "messages": [{ "role": "user", "content": "Polly wants a cracker" }] },
//! }));
//! let report = job.stream(chat).await;
//! let answer = &report.stream[0];
//! assert_eq!(answer["choices"][0]["message"]["content"], "Polly wants a cracker");
//! assert_eq!(answer["usage"]["completion_tokens"], 4);
//! # }
//! ```

mod api_error;
mod chat_request;
mod chunk;
mod completion_request;
mod embedding_request;
mod endpoint;
mod fields;
mod message;
mod sampling;
mod tool;
mod unsupported;

pub use api_error::{ApiError, ApiErrorKind};
pub use chat_request::ChatRequest;
pub use chunk::{Chunk, FinishReason};
pub use completion_request::CompletionRequest;
pub use embedding_request::{EmbeddingRequest, Embeddings};
pub use message::{Content, Message, Part, Role};
pub use sampling::Sampling;
pub use tool::{Tool, ToolCall, ToolChoice};

pub(crate) use api_error::Detail;
pub(crate) use chunk::Piece;
#[doc(hidden)]
pub use endpoint::Endpoint as __Endpoint;
pub(crate) use endpoint::{Endpoint, Route};

/// The last frame of a stream.
pub(crate) const LAST_FRAME: &str = "data: [DONE]\n\n";
