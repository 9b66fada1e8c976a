//! Chooses the next token.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use candle_core::{DType, Tensor};
use candle_transformers::generation::{LogitsProcessor, Sampling as Rule};
use runpod::openai::Sampling;

use crate::Error;

/// The temperature if the client gives none. OpenAI's default, 1, is too high for small models.
const TEMPERATURE: f32 = 0.7;

pub struct Sampler {
    processor: LogitsProcessor,
    min_p: f32,
    frequency_penalty: f32,
    presence_penalty: f32,
    repetition_penalty: f32,
}

impl Sampler {
    pub fn new(sampling: &Sampling) -> Self {
        // Without a seed, each reply is another one.
        let seed = sampling
            .seed
            .map_or_else(|| RandomState::new().hash_one(()), i64::cast_unsigned);
        Self {
            processor: LogitsProcessor::from_sampling(seed, rule(sampling)),
            min_p: sampling.min_p.unwrap_or(0.0),
            frequency_penalty: sampling.frequency_penalty.unwrap_or(0.0),
            presence_penalty: sampling.presence_penalty.unwrap_or(0.0),
            repetition_penalty: sampling
                .repetition_penalty
                .filter(|penalty| *penalty > 0.0)
                .unwrap_or(1.0),
        }
    }

    /// Returns the next token. The penalties make tokens of the reply, and `repetition_penalty` those of the prompt, less
    /// likely.
    pub fn next(&mut self, logits: &Tensor, prompt: &[u32], reply: &[u32]) -> Result<u32, Error> {
        let logits = logits.to_dtype(DType::F32)?;
        let min_p = self.min_p;
        let keep_likely = |likelihoods: &mut [f32]| {
            let least = min_p * likelihoods.iter().copied().fold(0.0, f32::max);
            for likelihood in likelihoods {
                if *likelihood < least {
                    *likelihood = 0.0;
                }
            }
        };
        let logits = if self.has_penalties() {
            let mut values: Vec<f32> = logits.to_vec1()?;
            self.punish(&mut values, prompt, reply);
            Tensor::new(values, logits.device())?
        } else {
            logits
        };
        Ok(self.processor.sample_f(&logits, keep_likely)?)
    }

    /// Returns whether a penalty has another value than the one that changes nothing.
    fn has_penalties(&self) -> bool {
        (
            self.frequency_penalty,
            self.presence_penalty,
            self.repetition_penalty,
        ) != (0.0, 0.0, 1.0)
    }

    fn punish(&self, values: &mut [f32], prompt: &[u32], reply: &[u32]) {
        let mut counts: HashMap<u32, f32> = prompt.iter().map(|token| (*token, 0.0)).collect();
        for token in reply {
            *counts.entry(*token).or_default() += 1.0;
        }
        for (token, count) in counts {
            let Some(value) = values.get_mut(token as usize) else {
                continue;
            };
            if *value > 0.0 {
                *value /= self.repetition_penalty;
            } else {
                *value *= self.repetition_penalty;
            }
            if count > 0.0 {
                *value -= self.frequency_penalty * count + self.presence_penalty;
            }
        }
    }
}

fn rule(sampling: &Sampling) -> Rule {
    let temperature = f64::from(sampling.temperature.unwrap_or(TEMPERATURE));
    // candle takes a `top_p` of 0 for "all tokens".
    if temperature < 1e-7 || sampling.top_p == Some(0.0) {
        return Rule::ArgMax;
    }
    let top_p = sampling.top_p.map(f64::from).filter(|p| *p < 1.0);
    match (sampling.top_k, top_p) {
        (None, None) => Rule::All { temperature },
        (None, Some(p)) => Rule::TopP { p, temperature },
        (Some(k), None) => Rule::TopK { k, temperature },
        (Some(k), Some(p)) => Rule::TopKThenTopP { k, p, temperature },
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn chosen(parameters: serde_json::Value, reply: &[u32]) -> Vec<u32> {
        let mut request = serde_json::json!({ "prompt": "" });
        for (name, value) in parameters.as_object().unwrap() {
            request[name] = value.clone();
        }
        let request = runpod::openai::CompletionRequest::from_json(request).unwrap();
        let mut sampler = Sampler::new(&request.sampling);
        let logits = Tensor::new(&[1.0_f32, 3.0, 2.9, 0.0], &Device::Cpu).unwrap();
        let mut chosen: Vec<u32> = (0..200)
            .map(|_| sampler.next(&logits, &[], reply).unwrap())
            .collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }

    #[test]
    fn each_parameter_limits_the_tokens() {
        for (parameters, expected) in [
            (serde_json::json!({ "temperature": 0 }), &[1][..]),
            (serde_json::json!({ "temperature": 2, "top_p": 0 }), &[1]),
            (
                serde_json::json!({ "temperature": 1, "top_p": 0.6 }),
                &[1, 2],
            ),
            (serde_json::json!({ "temperature": 2, "top_k": 2 }), &[1, 2]),
            (
                serde_json::json!({ "temperature": 2, "top_k": 3, "top_p": 0.3 }),
                &[1],
            ),
            (
                serde_json::json!({ "temperature": 1, "min_p": 0.5 }),
                &[1, 2],
            ),
            (
                serde_json::json!({ "temperature": 2, "top_p": 1 }),
                &[0, 1, 2, 3],
            ),
        ] {
            assert_eq!(chosen(parameters.clone(), &[]), expected, "{parameters}");
        }
    }

    #[test]
    fn each_penalty_makes_tokens_of_the_reply_less_likely() {
        for name in [
            "frequency_penalty",
            "presence_penalty",
            "repetition_penalty",
        ] {
            let parameters = serde_json::json!({ "temperature": 0, name: 1.5 });
            assert_eq!(chosen(parameters.clone(), &[]), [1], "{name}");
            assert_eq!(chosen(parameters, &[1, 1]), [2], "{name}");
        }
    }
}
