//! The model: its weights, its tokenizer, and the text that it generates.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::generation::LogitsProcessor;
use candle_transformers::models::llama::{Cache, Config, Llama, LlamaConfig, LlamaEosToks};
use runpod::JobContext;
use serde::Deserialize;
use serde_json::Value;
use tokenizers::Tokenizer;

use crate::Error;
use crate::chat::Chat;
use crate::places::Files;

/// How many tokens of a prompt are read at a time. Between two parts, a job can be cancelled.
const PART: usize = 256;

/// The weights of each layer.
const OF_A_LAYER: [&str; 9] = [
    "input_layernorm",
    "mlp.down_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "post_attention_layernorm",
    "self_attn.k_proj",
    "self_attn.o_proj",
    "self_attn.q_proj",
    "self_attn.v_proj",
];

pub struct Model {
    llama: Llama,
    config: Config,
    tokenizer: Tokenizer,
    chat: Option<Chat>,
    /// The state of a reply that has no tokens yet. Each reply has a copy, and the copies share the tensors.
    empty: Cache,
    device: Device,
    part: usize,
}

/// How long a reply can be, and how its tokens are chosen.
pub struct Options {
    pub max_tokens: usize,
    pub temperature: f64,
    pub seed: u64,
}

/// How a reply ended.
pub struct Reply {
    /// `stop` if the reply is complete, and `length` if it was cut off.
    pub finish_reason: &'static str,
    pub tokens: usize,
}

impl Reply {
    fn new(finish_reason: &'static str, tokens: usize) -> Self {
        Self {
            finish_reason,
            tokens,
        }
    }
}

impl Model {
    pub fn load(files: &Files) -> Result<Self, Error> {
        // bfloat16 halves the memory. CPUs compute it slowly.
        let (device, dtype) = if cfg!(feature = "cuda") {
            (Device::new_cuda(0)?, DType::BF16)
        } else {
            (Device::Cpu, DType::F32)
        };
        let config = config(&files.folder.join("config.json"))?;
        let path = files.folder.join("tokenizer.json");
        let tokenizer =
            Tokenizer::from_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut tensors = HashMap::new();
        for path in &files.weights {
            let loaded = candle_core::safetensors::load(path, &device)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            tensors.extend(loaded);
        }
        let names = (0..config.num_hidden_layers)
            .flat_map(|layer| OF_A_LAYER.map(|part| format!("model.layers.{layer}.{part}.weight")));
        for name in names {
            if !tensors.contains_key(&name) {
                let folder = files.folder.display();
                return Err(format!(
                    "the weights in {folder} have no {name}, but config.json needs it"
                )
                .into());
            }
        }
        let llama = Llama::load(VarBuilder::from_tensors(tensors, dtype, &device), &config)?;
        Ok(Self {
            llama,
            empty: Cache::new(true, dtype, &config, &device)?,
            config,
            tokenizer,
            chat: Chat::read(&files.folder)?,
            device,
            part: PART,
        })
    }

    /// Returns the device that computes, for the log.
    pub fn device(&self) -> &'static str {
        if self.device.is_cuda() {
            "a GPU"
        } else {
            "the CPU"
        }
    }

    /// Returns the tokens of a prompt.
    pub fn prompt(&self, prompt: &str, system: Option<&str>) -> Result<Vec<u32>, Error> {
        let tokens = match &self.chat {
            // The template contains the special tokens.
            Some(chat) => self
                .tokenizer
                .encode_fast(chat.text(prompt, system)?, false)?,
            None => {
                let parts: Vec<_> = system.into_iter().chain([prompt]).collect();
                self.tokenizer.encode_fast(parts.join("\n"), true)?
            }
        };
        let (found, most) = (tokens.len(), self.config.max_position_embeddings);
        match tokens.get_ids() {
            [] => Err("input.prompt has no tokens; send at least a word".into()),
            _ if found >= most => Err(format!(
                "input.prompt has {found} tokens; the model reads fewer than {most}"
            )
            .into()),
            tokens => Ok(tokens.to_vec()),
        }
    }

    /// Generates a reply, and calls `send` with each part of its text.
    pub fn generate(
        &self,
        prompt: &[u32],
        options: &Options,
        ctx: &JobContext,
        mut send: impl FnMut(String) -> Result<(), Error>,
    ) -> Result<Reply, Error> {
        let mut cache = self.empty.clone();
        let mut logits = None;
        for (number, part) in prompt.chunks(self.part).enumerate() {
            if ctx.is_cancelled() {
                return Ok(Reply::new("cancelled", 0));
            }
            logits = Some(self.logits(part, number * self.part, &mut cache)?);
        }
        let mut logits = logits.ok_or("the prompt has no tokens")?;
        let mut sampler = LogitsProcessor::new(options.seed, Some(options.temperature), None);
        let mut text = self.tokenizer.decode_stream(true);
        let room = self
            .config
            .max_position_embeddings
            .saturating_sub(prompt.len());
        let most = options.max_tokens.min(room);
        for tokens in 0..most {
            if ctx.is_cancelled() {
                return Ok(Reply::new("cancelled", tokens));
            }
            let token = sampler.sample(&logits)?;
            if self.is_end(token) {
                return Ok(Reply::new("stop", tokens));
            }
            // A token can end within a letter. The letter then comes with a later token.
            if let Some(text) = text.step(token)? {
                send(text)?;
            }
            logits = self.logits(&[token], prompt.len() + tokens, &mut cache)?;
        }
        Ok(Reply::new("length", most))
    }

    /// Reads tokens at a position. Returns how likely each token is as the next one.
    fn logits(&self, tokens: &[u32], position: usize, cache: &mut Cache) -> Result<Tensor, Error> {
        let tokens = Tensor::new(tokens, &self.device)?.unsqueeze(0)?;
        Ok(self.llama.forward(&tokens, position, cache)?.squeeze(0)?)
    }

    fn is_end(&self, token: u32) -> bool {
        match &self.config.eos_token_id {
            None => false,
            Some(LlamaEosToks::Single(end)) => token == *end,
            Some(LlamaEosToks::Multiple(ends)) => ends.contains(&token),
        }
    }
}

fn config(path: &Path) -> Result<Config, Error> {
    let read = || -> Result<Config, Error> {
        let config: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
        match config["model_type"].as_str() {
            Some("llama") => Ok(LlamaConfig::deserialize(config)?.into_config(false)),
            other => {
                let found = other.unwrap_or("nothing");
                Err(
                    format!("model_type: found {found}; this worker runs models of the type llama")
                        .into(),
                )
            }
        }
    };
    read().map_err(|error| format!("{}: {error}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use runpod::{CancelReason, testing};

    use super::*;
    use crate::tiny;

    const GREEDY: Options = Options {
        max_tokens: 12,
        temperature: 0.0,
        seed: 0,
    };

    fn reply(model: &Model, prompt: &[u32]) -> String {
        let (ctx, _job) = testing::context();
        let mut reply = String::new();
        let send = |text: String| {
            reply.push_str(&text);
            Ok(())
        };
        model.generate(prompt, &GREEDY, &ctx, send).unwrap();
        reply
    }

    #[test]
    fn a_prompt_that_is_read_in_parts_gets_the_same_reply() {
        let mut model = tiny::model();
        let prompt = model.prompt(&"red green blue ".repeat(50), None).unwrap();
        let whole = reply(&model, &prompt);
        model.part = 7;
        assert_eq!(reply(&model, &prompt), whole);
        assert_ne!(reply(&model, &prompt[..2]), whole);
    }

    #[test]
    fn a_cancelled_job_gets_no_further_tokens() {
        let model = tiny::model();
        let prompt = model.prompt("red", None).unwrap();
        let (ctx, job) = testing::context();
        let mut sent = 0;
        let send = |_| {
            sent += 1;
            if sent == 3 {
                job.cancel(CancelReason::Stopped);
            }
            Ok(())
        };
        let reply = model.generate(&prompt, &GREEDY, &ctx, send).unwrap();
        assert_eq!(
            (reply.finish_reason, reply.tokens, sent),
            ("cancelled", 3, 3)
        );
    }

    #[test]
    fn the_chat_template_of_the_model_is_used() {
        let model = tiny::model();
        let with = model.prompt("red", Some("blue")).unwrap();
        assert_eq!(
            model.tokenizer.decode(&with, false).unwrap(),
            "system blue user red assistant"
        );
    }

    #[test]
    fn a_prompt_that_the_model_cannot_read_is_refused() {
        let model = tiny::model();
        let error = model.prompt(&"red ".repeat(600), None).unwrap_err();
        assert!(error.to_string().contains("fewer than 512"), "{error}");
    }

    #[test]
    fn a_model_of_another_type_or_with_other_weights_is_refused() {
        let folder = tiny::folder();
        let path = folder.path().join("config.json");
        let config = fs::read_to_string(&path).unwrap();
        for (from, to, fault) in [
            (
                r#""model_type":"llama""#,
                r#""model_type":"qwen2""#,
                "found qwen2",
            ),
            (
                r#""num_hidden_layers":1"#,
                r#""num_hidden_layers":2"#,
                "model.layers.1.",
            ),
        ] {
            assert!(config.contains(from), "{config}");
            fs::write(&path, config.replace(from, to)).unwrap();
            let Err(error) = Model::load(&tiny::files(&folder)) else {
                panic!("a model was loaded with {to}");
            };
            assert!(error.to_string().contains(fault), "{error}");
        }
    }
}
