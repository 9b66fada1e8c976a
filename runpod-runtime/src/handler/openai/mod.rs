//! Connects handlers to `OpenAI`'s API: finds the handler for a route, gives it a valid request, and writes its answer as
//! frames, as one object, or in the native form of language-model workers.
//!
//! The handler itself is an ordinary handler. A [`Form`](super::invocation::Form) rewrites its items or its value.

mod adapter;
mod arguments;
mod client_error;
mod directory;
mod job_request;
mod pieces;
mod text_answer;
mod vectors;

pub use pieces::{IntoPiece, IntoVectors};

pub(super) use adapter::adapted;
pub(crate) use directory::Directory;
pub(crate) use job_request::Parsed;
