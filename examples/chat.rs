//! A language model for `OpenAI` clients: chat completions, completions and embeddings.
//!
//! ```sh
//! cargo run --features openai --example chat -- --rp_serve_api
//! ```

use std::thread;
use std::time::Duration;

use runpod::openai::{
    ApiError, ChatRequest, Chunk, CompletionRequest, EmbeddingRequest, Embeddings, FinishReason,
};
use runpod::prelude::*;

/// The number of tokens that the model can read and write.
const WINDOW: usize = 4096;

/// Repeats the prompt word by word. A real model has weights and a tokenizer, and blocks in the same way.
struct Parrot {
    pause: Duration,
}

fn tokens(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

impl Parrot {
    /// Generates tokens, at most `most`.
    fn generate(
        &self,
        prompt: Vec<String>,
        most: Option<usize>,
    ) -> impl Iterator<Item = Chunk> + use<> {
        let pause = self.pause;
        let length = prompt.len();
        let number = length.min(most.unwrap_or(WINDOW));
        let reason = if number < length {
            FinishReason::Length
        } else {
            FinishReason::Stop
        };
        let usage = Chunk::usage(length, number);
        let tokens = prompt.into_iter().take(number).map(move |token| {
            thread::sleep(pause);
            Chunk::text(token)
        });
        tokens.chain([Chunk::finish(reason), usage])
    }
}

#[runpod::main]
fn main() -> Parrot {
    // The time that a model takes for a token.
    let pause = Duration::from_millis(5);
    Parrot { pause }
}

// A plain `fn`, because inference blocks its thread.
#[runpod::handler(openai = "chat.completions", model = "parrot-1", context_window = WINDOW)]
fn chat(
    request: ChatRequest,
    model: State<Parrot>,
) -> Result<impl Iterator<Item = Chunk>, ApiError> {
    // A real model has a chat template, which turns all messages into one prompt.
    let messages = request.messages.iter().map(|message| message.text());
    let prompt = tokens(&messages.collect::<Vec<_>>().join(" "));
    if prompt.len() > WINDOW {
        return Err(ApiError::context_length("messages", WINDOW, prompt.len()));
    }
    Ok(model.generate(prompt, request.sampling.max_tokens))
}

#[runpod::handler(openai = "completions", model = "parrot-1", context_window = WINDOW)]
fn complete(request: CompletionRequest, model: State<Parrot>) -> impl Iterator<Item = Chunk> {
    model.generate(tokens(&request.prompt), request.sampling.max_tokens)
}

#[runpod::handler(openai = "embeddings", model = "lengths-1")]
fn embed(request: EmbeddingRequest) -> Embeddings {
    let tokens = request.input.iter().map(|text| tokens(text).len());
    // A vector of one dimension, the number of characters.
    let lengths = request
        .input
        .iter()
        .map(|text| text.chars().map(|_| 1.0).sum());
    Embeddings::new(lengths.map(|length| vec![length])).with_prompt_tokens(tokens.sum())
}
