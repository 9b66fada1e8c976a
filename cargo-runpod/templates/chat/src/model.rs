//! The model: its weights, its tokenizer and its chat template.

use std::collections::HashMap;
use std::fmt::Display;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::llama::{Cache, Config, Llama, LlamaEosToks};
use runpod::openai::{ApiError, ApiErrorKind, Message};
use tokenizers::Tokenizer;

use crate::Error;
use crate::chat::Chat;
use crate::places::{Files, Weights};
use crate::{gguf, safetensors};

/// How many tokens of a prompt are read at a time. Between two parts, a job can be cancelled. A GPU needs large parts.
const PART: usize = if cfg!(feature = "cuda") { 512 } else { 64 };

pub struct Model {
    llama: Llama,
    config: Config,
    tokenizer: Tokenizer,
    chat: Option<Chat>,
    /// The state of a reply that has no tokens yet. Each reply has a copy, and the copies share the tensors. The model needs
    /// no lock, so a panic in one job does not affect the next one.
    empty: Cache,
    device: Device,
    part: usize,
}

/// What the files of a model contain.
pub struct Contents {
    pub config: Config,
    /// The names are those of Hugging Face's files.
    pub tensors: HashMap<String, Tensor>,
    pub tokenizer: Tokenizer,
    pub chat: Option<Chat>,
}

/// Returns the error for a client when the model itself failed.
pub fn failed(error: impl Display) -> ApiError {
    ApiError::new(ApiErrorKind::Server, format!("the model failed: {error}"))
}

impl Model {
    pub fn load(files: &Files) -> Result<Self, Error> {
        // bfloat16 halves the memory. CPUs compute it slowly.
        let (device, dtype) = if cfg!(feature = "cuda") {
            (Device::new_cuda(0)?, DType::BF16)
        } else {
            (Device::Cpu, DType::F32)
        };
        let contents = match &files.weights {
            Weights::Safetensors(paths) => safetensors::read(&files.folder, paths, dtype, &device),
            Weights::Gguf(path) => gguf::read(&files.folder, path, dtype, &device),
        };
        let Contents {
            config,
            tensors,
            tokenizer,
            chat,
        } = contents.map_err(|error| format!("{}: {error}", files.shown().display()))?;
        let shown = files.shown().display();
        for name in needed(&config) {
            if !tensors.contains_key(&name) {
                return Err(format!("{shown}: the weights have no {name}").into());
            }
        }
        let llama = Llama::load(VarBuilder::from_tensors(tensors, dtype, &device), &config)
            .map_err(|error| format!("{shown}: {error}"))?;
        Ok(Self {
            llama,
            empty: Cache::new(true, dtype, &config, &device)?,
            config,
            tokenizer,
            chat,
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

    /// Returns how many tokens a prompt and its reply can have together.
    pub fn window(&self) -> usize {
        self.config.max_position_embeddings
    }

    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Returns how many tokens of a prompt are read at a time.
    pub fn part(&self) -> usize {
        self.part
    }

    #[cfg(test)]
    pub fn with_part(self, part: usize) -> Self {
        Self { part, ..self }
    }

    /// Returns the tokens of a chat, up to the place where the reply begins.
    pub fn chat(&self, messages: &[Message]) -> Result<Vec<u32>, ApiError> {
        match &self.chat {
            // The template contains the special tokens.
            Some(chat) => self.tokens(&chat.text(messages)?, false),
            None => {
                let texts: Vec<_> = messages.iter().map(Message::text).collect();
                self.tokens(&texts.join("\n"), true)
            }
        }
    }

    /// Returns the tokens of a text, with or without the token that marks its beginning.
    pub fn tokens(&self, text: &str, with_beginning: bool) -> Result<Vec<u32>, ApiError> {
        let tokens = self.tokenizer.encode_fast(text, with_beginning);
        Ok(tokens.map_err(failed)?.get_ids().to_vec())
    }

    pub fn empty_cache(&self) -> Cache {
        self.empty.clone()
    }

    /// Reads tokens at a position. Returns how likely each token is as the next one.
    pub fn logits(
        &self,
        tokens: &[u32],
        position: usize,
        cache: &mut Cache,
    ) -> Result<Tensor, Error> {
        let tokens = Tensor::new(tokens, &self.device)?.unsqueeze(0)?;
        Ok(self.llama.forward(&tokens, position, cache)?.squeeze(0)?)
    }

    /// Returns whether a token ends the reply.
    pub fn is_end(&self, token: u32) -> bool {
        match &self.config.eos_token_id {
            None => false,
            Some(LlamaEosToks::Single(end)) => token == *end,
            Some(LlamaEosToks::Multiple(ends)) => ends.contains(&token),
        }
    }
}

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

/// Returns the names of the weights that a model of this configuration needs.
fn needed(config: &Config) -> impl Iterator<Item = String> {
    let head = (!config.tie_word_embeddings).then_some("lm_head.weight");
    let outer = ["model.embed_tokens.weight", "model.norm.weight"];
    let layers = (0..config.num_hidden_layers)
        .flat_map(|layer| OF_A_LAYER.map(|part| format!("model.layers.{layer}.{part}.weight")));
    let outer = outer.into_iter().chain(head);
    outer.map(str::to_owned).chain(layers)
}
