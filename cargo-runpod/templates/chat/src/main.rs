//! A worker that runs a language model for clients of OpenAI's API.

mod chat;
mod gguf;
mod model;
mod places;
mod reply;
mod safetensors;
mod sampler;
mod stops;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tiny;

use std::time::Instant;

use runpod::openai::{ApiError, ChatRequest, Chunk, CompletionRequest, Role};
use runpod::prelude::*;

use crate::model::Model;
use crate::places::Places;
use crate::reply::Reply;

/// An error with any cause. The worker's log and the failed job contain its text.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// The model, as on Hugging Face, if `MODEL_ID` is not set. Clients call the worker's model by this name.
const MODEL: &str = "HuggingFaceTB/SmolLM2-135M-Instruct";

/// How long the reply to a chat can be if the client gives no limit.
const TOKENS_OF_A_CHAT: usize = 512;

/// How long a completion can be if the client gives no limit. This is OpenAI's default.
const TOKENS_OF_A_COMPLETION: usize = 16;

// Runs once. The model that it returns is the state, which handlers take as `State<Model>`. If it returns an `Err`, the
// worker exits before it takes a job. One model computes one reply at a time, so the worker has no `concurrency`.
#[runpod::main]
fn main() -> Result<Model, Error> {
    let start = Instant::now();
    let files = Places::of_environment()?.find()?;
    let model = Model::load(&files)?;
    tracing::info!(
        "loaded the model {} on {} in {:.1} s; its context window has {} tokens",
        files.shown().display(),
        model.device(),
        start.elapsed().as_secs_f32(),
        model.window()
    );
    Ok(model)
}

// A plain `fn`, because a model blocks its thread. The runtime reads the request and writes the answer: frames of a stream
// or one object. It also serves jobs without a client, with `messages` or `prompt` in their input.
#[runpod::handler(openai = "chat.completions", model = MODEL)]
fn chat(
    request: ChatRequest,
    ctx: JobContext,
    model: State<Model>,
) -> Result<impl Iterator<Item = Result<Chunk, ApiError>>, ApiError> {
    if !request.messages.iter().any(|it| it.role == Role::User) {
        let message = "messages: found no message with the role user; expected one or more";
        return Err(ApiError::invalid("messages", message));
    }
    let prompt = model.chat(&request.messages)?;
    Reply::new(
        model,
        ctx,
        prompt,
        "messages",
        &request.sampling,
        TOKENS_OF_A_CHAT,
    )
}

// The model continues the prompt. Its chat template is not used.
#[runpod::handler(openai = "completions", model = MODEL)]
fn complete(
    request: CompletionRequest,
    ctx: JobContext,
    model: State<Model>,
) -> Result<impl Iterator<Item = Result<Chunk, ApiError>>, ApiError> {
    let prompt = model.tokens(&request.prompt, true)?;
    Reply::new(
        model,
        ctx,
        prompt,
        "prompt",
        &request.sampling,
        TOKENS_OF_A_COMPLETION,
    )
}
