//! A reply, which is computed token by token while the runtime sends it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use candle_core::Tensor;
use candle_transformers::models::llama::Cache;
use runpod::openai::{ApiError, Chunk, FinishReason, Sampling};
use runpod::{JobContext, State};
use tokenizers::tokenizer::step_decode_stream;

use crate::Error;
use crate::model::{Model, failed};
use crate::sampler::Sampler;
use crate::stops::Stops;

/// The pieces of a reply. Each call of `next` computes until there is a piece.
pub struct Reply {
    model: State<Model>,
    ctx: JobContext,
    prompt: Vec<u32>,
    most: usize,
    sampler: Sampler,
    stops: Stops,
    cache: Cache,
    /// The tokens of the reply.
    tokens: Vec<u32>,
    letters: Letters,
    ready: VecDeque<Chunk>,
    /// Why the reply has ended, for the log.
    ended: Option<&'static str>,
    start: Instant,
    /// The time until the prompt was read.
    reading: Option<Duration>,
}

impl Reply {
    /// Prepares a reply. `param` is the parameter with the prompt, for errors.
    pub fn new(
        model: State<Model>,
        ctx: JobContext,
        prompt: Vec<u32>,
        param: &str,
        sampling: &Sampling,
        default_most: usize,
    ) -> Result<Self, ApiError> {
        let window = model.window();
        // The option `context_window` of the attribute must be a constant. This window is known when the model is loaded.
        if let Some(most) = sampling.max_tokens.filter(|most| *most > window) {
            let message = format!(
                "max_tokens: found {most}; expected at most {window}, the size of the model's context window"
            );
            let error = ApiError::invalid("max_tokens", message);
            return Err(error.with_code("context_length_exceeded"));
        }
        if prompt.is_empty() {
            let message = format!("{param}: found no tokens; expected a word or more");
            return Err(ApiError::invalid(param, message));
        }
        // The window has room for the prompt and the reply.
        if prompt.len() >= window {
            return Err(ApiError::context_length(param, window, prompt.len()));
        }
        let most = sampling.max_tokens.unwrap_or(default_most);
        Ok(Self {
            most: most.min(window - prompt.len()),
            sampler: Sampler::new(sampling),
            stops: Stops::new(sampling.stop.clone()),
            cache: model.empty_cache(),
            tokens: Vec::new(),
            letters: Letters::default(),
            ready: VecDeque::new(),
            ended: None,
            start: Instant::now(),
            reading: None,
            model,
            ctx,
            prompt,
        })
    }

    /// Computes one token, and the prompt before the first one.
    fn step(&mut self) -> Result<(), Error> {
        let logits = match self.tokens.last() {
            None => self.read_prompt()?,
            Some(_) if self.ctx.is_cancelled() => None,
            Some(last) => {
                let position = self.prompt.len() + self.tokens.len() - 1;
                Some(self.model.logits(&[*last], position, &mut self.cache)?)
            }
        };
        let Some(logits) = logits else {
            self.ended = Some("cancelled");
            return Ok(());
        };
        let token = self.sampler.next(&logits, &self.prompt, &self.tokens)?;
        if self.model.is_end(token) {
            self.end(FinishReason::Stop);
            return Ok(());
        }
        self.tokens.push(token);
        if let Some(text) = self.letters.add(token, &self.model)? {
            let (text, is_stopped) = self.stops.add(&text);
            self.send(text);
            if is_stopped {
                self.end(FinishReason::Stop);
                return Ok(());
            }
        }
        if self.tokens.len() == self.most {
            self.end(FinishReason::Length);
        }
        Ok(())
    }

    /// Reads the prompt in parts, so that a job with a long one can be cancelled. Returns `None` if it was.
    fn read_prompt(&mut self) -> Result<Option<Tensor>, Error> {
        let mut logits = None;
        let mut position = 0;
        for part in self.prompt.chunks(self.model.part()) {
            if self.ctx.is_cancelled() {
                return Ok(None);
            }
            logits = Some(self.model.logits(part, position, &mut self.cache)?);
            position += part.len();
        }
        self.reading = Some(self.start.elapsed());
        Ok(logits)
    }

    fn send(&mut self, text: String) {
        if !text.is_empty() {
            self.ready.push_back(Chunk::text(text));
        }
    }

    fn end(&mut self, reason: FinishReason) {
        let rest = self.stops.rest();
        self.send(rest);
        let usage = Chunk::usage(self.prompt.len(), self.tokens.len());
        self.ready.extend([Chunk::finish(reason), usage]);
        self.ended = Some(reason.name());
    }
}

impl Iterator for Reply {
    type Item = Result<Chunk, ApiError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Some(Ok(chunk));
            }
            if self.ended.is_some() {
                return None;
            }
            if let Err(error) = self.step() {
                self.ended = Some("failed");
                return Some(Err(failed(&*error)));
            }
        }
    }
}

/// Writes the log line of a job. A reply that nobody reads any more is dropped before it ends.
impl Drop for Reply {
    fn drop(&mut self) {
        let rate = |tokens: usize, time: Duration| tokens as f64 / time.as_secs_f64().max(1e-9);
        let reading = self.reading.unwrap_or_default();
        let writing = self.start.elapsed().saturating_sub(reading);
        let (read, written) = (self.prompt.len(), self.tokens.len());
        tracing::info!(
            "{}: read {read} tokens in {:.2} s ({:.1} tokens/s), wrote {written} in {:.2} s ({:.1} tokens/s)",
            self.ended.unwrap_or("cancelled"),
            reading.as_secs_f64(),
            if self.reading.is_some() {
                rate(read, reading)
            } else {
                0.0
            },
            writing.as_secs_f64(),
            rate(written, writing),
        );
    }
}

/// Turns tokens into text. A token can end within a letter, which then comes with a later token.
#[derive(Debug, Default)]
struct Letters {
    ids: Vec<u32>,
    prefix: String,
    prefix_index: usize,
}

impl Letters {
    fn add(&mut self, token: u32, model: &Model) -> Result<Option<String>, Error> {
        let (ids, prefix) = (&mut self.ids, &mut self.prefix);
        let index = &mut self.prefix_index;
        let tokenizer = model.tokenizer();
        step_decode_stream(tokenizer, vec![token], true, ids, prefix, index)
    }
}
