//! The parameters that control how a model chooses its tokens.

use super::api_error::ApiError;
use super::fields::{Fields, wrong};

/// The parameters of a request that control how the model chooses its tokens. A parameter that the client has not
/// given is `None`.
///
/// All values are within the limits of `OpenAI`'s API. `top_k`, `min_p` and `repetition_penalty` are common extensions.
///
/// ```
/// use runpod::openai::ChatRequest;
/// use runpod::prelude::*;
///
/// # fn main() -> Result<(), runpod::openai::ApiError> {
/// let request = ChatRequest::from_json(json!({
///     "messages": [{ "role": "user", "content": "hi" }],
///     "max_completion_tokens": 20, "temperature": 0, "stop": "\n",
/// }))?;
/// let sampling = request.sampling;
/// assert_eq!((sampling.max_tokens, sampling.temperature), (Some(20), Some(0.0)));
/// assert_eq!(sampling.stop, ["\n"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Sampling {
    /// The largest number of tokens in the answer: `max_completion_tokens` or `max_tokens`.
    pub max_tokens: Option<usize>,
    /// From 0 (the most probable token) to 2.
    pub temperature: Option<f32>,
    /// From 0 to 1.
    pub top_p: Option<f32>,
    /// Only this many of the most probable tokens are candidates.
    pub top_k: Option<usize>,
    /// From 0 to 1.
    pub min_p: Option<f32>,
    /// The answer ends before the first of these strings.
    pub stop: Vec<String>,
    /// Makes the answer repeatable.
    pub seed: Option<i64>,
    /// From -2 to 2.
    pub frequency_penalty: Option<f32>,
    /// From -2 to 2.
    pub presence_penalty: Option<f32>,
    /// Above 0. The value 1 changes nothing.
    pub repetition_penalty: Option<f32>,
}

/// The number of stop strings that `OpenAI` accepts.
const MOST_STOPS: usize = 4;

impl Sampling {
    pub(super) fn take(fields: &mut Fields, window: Option<usize>) -> Result<Self, ApiError> {
        let newer = limit(fields, "max_completion_tokens", window)?;
        let older = limit(fields, "max_tokens", window)?;
        let top_k = match fields.get("top_k").and_then(serde_json::Value::as_i64) {
            // Other servers use -1 for "all tokens".
            Some(-1) => fields.take("top_k").and(None),
            _ => fields.whole("top_k", 0)?.filter(|k| *k > 0),
        };
        let stop = fields.texts("stop")?;
        if stop.len() > MOST_STOPS {
            let message = format!(
                "stop: found {} strings; expected at most {MOST_STOPS}",
                stop.len()
            );
            return Err(ApiError::invalid("stop", message));
        }
        Ok(Self {
            max_tokens: newer.or(older),
            temperature: fields.number("temperature", 0.0..=2.0)?,
            top_p: fields.number("top_p", 0.0..=1.0)?,
            top_k,
            min_p: fields.number("min_p", 0.0..=1.0)?,
            stop,
            seed: fields.integer("seed")?,
            frequency_penalty: fields.number("frequency_penalty", -2.0..=2.0)?,
            presence_penalty: fields.number("presence_penalty", -2.0..=2.0)?,
            repetition_penalty: fields.positive("repetition_penalty")?,
        })
    }
}

/// Reads a limit on the number of tokens, which cannot exceed the model's context window.
fn limit(
    fields: &mut Fields,
    name: &str,
    window: Option<usize>,
) -> Result<Option<usize>, ApiError> {
    let limit = fields.whole(name, 1)?;
    match (limit, window) {
        (Some(limit), Some(window)) if limit > window => {
            let expected = format!("at most {window}, the size of the model's context window");
            Err(wrong(name, &limit.into(), &expected).with_code("context_length_exceeded"))
        }
        _ => Ok(limit),
    }
}
