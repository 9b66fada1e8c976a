//! Models in one GGUF file, which contains the weights, the tokenizer and the chat template.
//!
//! The weights are converted to the type that the model computes with. candle's own kernels for some quantised types are
//! slow, and those for `Q4_1` give wrong results.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};
use candle_core::quantized::tokenizer::TokenizerFromGguf as _;
use candle_core::{DType, Device, Tensor};
use candle_transformers::models::llama::{Config, LlamaEosToks};
use tokenizers::Tokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;

use crate::Error;
use crate::chat::Chat;
use crate::model::Contents;
use crate::safetensors;

/// Reads a file. A `tokenizer.json` in its folder is used instead of the tokenizer in the file.
pub fn read(folder: &Path, path: &Path, dtype: DType, device: &Device) -> Result<Contents, Error> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut reader = BufReader::new(file);
    let content = Content::read(&mut reader).map_err(|error| {
        format!("this is not a complete GGUF file: {error}; found {length} bytes")
    })?;
    is_complete(&content, length)?;
    let values = Values(&content.metadata);
    let config = config(&content, &values)?;
    without_biases(&content)?;
    let separate = folder.join("tokenizer.json");
    let tokenizer = if separate.is_file() {
        safetensors::tokenizer(&separate)?
    } else {
        tokenizer(&content, &values)?
    };
    let chat = match values.text("tokenizer.chat_template") {
        Some(source) => {
            let token = |name| {
                let id = values.number(&format!("tokenizer.ggml.{name}_token_id"))?;
                tokenizer.id_to_token(u32::try_from(id).ok()?)
            };
            let [beginning, end] = ["bos", "eos"].map(|name| token(name).unwrap_or_default());
            Some(Chat::new(source.to_owned(), beginning, end)?)
        }
        None => None,
    };
    let mut tensors = HashMap::new();
    for name in content.tensor_infos.keys() {
        let Some(new_name) = new_name(name) else {
            continue;
        };
        let tensor = content
            .tensor(&mut reader, name, device)?
            .dequantize(device)?;
        let tensor = if name.ends_with(".attn_q.weight") {
            in_halves(&tensor, config.num_attention_heads)?
        } else if name.ends_with(".attn_k.weight") {
            in_halves(&tensor, config.num_key_value_heads)?
        } else {
            tensor
        };
        tensors.insert(new_name, tensor.to_dtype(dtype)?);
    }
    Ok(Contents {
        config,
        tensors,
        tokenizer,
        chat,
    })
}

/// Checks that the file has all weights of its list.
fn is_complete(content: &Content, length: u64) -> Result<(), Error> {
    let end_of = |info: &TensorInfo| {
        let (block, bytes) = (info.ggml_dtype.block_size(), info.ggml_dtype.type_size());
        let bytes = info
            .shape
            .elem_count()
            .div_ceil(block)
            .saturating_mul(bytes);
        let start = content.tensor_data_offset.saturating_add(info.offset);
        start.saturating_add(bytes as u64)
    };
    let expected = content.tensor_infos.values().map(end_of).max();
    match expected {
        Some(expected) if expected > length => Err(format!(
            "the file is truncated: found {length} bytes; expected {expected} or more. Download it again"
        )
        .into()),
        _ => Ok(()),
    }
}

/// The keys and values at the beginning of the file.
struct Values<'a>(&'a HashMap<String, Value>);

impl<'a> Values<'a> {
    fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key)?.to_string().ok().map(String::as_str)
    }

    fn number(&self, key: &str) -> Option<usize> {
        let value = self.0.get(key)?;
        let number = value.to_u64().ok().or(value.to_u32().ok().map(u64::from))?;
        usize::try_from(number).ok()
    }

    fn fraction(&self, key: &str) -> Option<f32> {
        self.0.get(key)?.to_f32().ok()
    }

    /// Returns a number that the model cannot do without.
    fn needed(&self, key: &str) -> Result<usize, Error> {
        let number = self.number(key);
        number.ok_or_else(|| format!("{key}: found no number; expected one").into())
    }
}

fn config(content: &Content, values: &Values<'_>) -> Result<Config, Error> {
    let found = values.text("general.architecture").unwrap_or("nothing");
    if found != "llama" {
        let message = "this worker runs models of the architecture llama";
        return Err(format!("general.architecture: found {found}; {message}").into());
    }
    if values.number("llama.expert_count").unwrap_or(0) > 0 {
        return Err("llama.expert_count: found experts; this worker runs models without".into());
    }
    let scaling = values.text("llama.rope.scaling.type").unwrap_or("none");
    if scaling != "none" || content.tensor_infos.contains_key("rope_freqs.weight") {
        let message = "found scaled positions, which this worker reads only from safetensors";
        return Err(format!("llama.rope.scaling.type: {message}").into());
    }
    let embeddings = content.tensor_infos.get("token_embd.weight");
    let embeddings = embeddings.ok_or("the weights have no token_embd.weight")?;
    let ends: Vec<_> = ["eos", "eot"]
        .into_iter()
        .filter_map(|name| values.number(&format!("tokenizer.ggml.{name}_token_id")))
        .filter_map(|id| u32::try_from(id).ok())
        .collect();
    let heads = values.needed("llama.attention.head_count")?;
    let epsilon = values.fraction("llama.attention.layer_norm_rms_epsilon");
    Ok(Config {
        hidden_size: values.needed("llama.embedding_length")?,
        intermediate_size: values.needed("llama.feed_forward_length")?,
        vocab_size: embeddings.shape.dims().first().copied().unwrap_or(0),
        num_hidden_layers: values.needed("llama.block_count")?,
        num_attention_heads: heads,
        num_key_value_heads: values
            .number("llama.attention.head_count_kv")
            .unwrap_or(heads),
        use_flash_attn: false,
        rms_norm_eps: f64::from(epsilon.unwrap_or(1e-5)),
        rope_theta: values.fraction("llama.rope.freq_base").unwrap_or(10_000.0),
        bos_token_id: None,
        eos_token_id: Some(LlamaEosToks::Multiple(ends)),
        rope_scaling: None,
        max_position_embeddings: values.needed("llama.context_length")?,
        tie_word_embeddings: !content.tensor_infos.contains_key("output.weight"),
    })
}

/// Refuses a model with tensors that would be left out.
fn without_biases(content: &Content) -> Result<(), Error> {
    let is_bias = |name: &&String| name.starts_with("blk.") && name.ends_with(".bias");
    match content.tensor_infos.keys().find(is_bias) {
        Some(name) => Err(format!("found {name}; this worker runs models without biases").into()),
        None => Ok(()),
    }
}

/// Returns the tokenizer. candle takes each one that it does not know for that of GPT-2, which splits numbers in another
/// way, so this worker refuses what it does not know.
fn tokenizer(content: &Content, values: &Values<'_>) -> Result<Tokenizer, Error> {
    let kind = values.text("tokenizer.ggml.pre").unwrap_or("gpt-2");
    if !["gpt-2", "gpt2", "llama3", "smaug-bpe", "smollm"].contains(&kind) {
        return Err(format!(
            "tokenizer.ggml.pre: found {kind}, which this worker does not know; put the model's tokenizer.json next to the file"
        )
        .into());
    }
    let mut tokenizer = Tokenizer::from_gguf(content)
        .map_err(|error| format!("{error}; put the model's tokenizer.json next to the file"))?;
    if !kind.starts_with("llama3") && kind != "smaug-bpe" {
        // No space is inserted before the first word.
        let words = ByteLevel::new(false, true, true);
        if kind == "smollm" {
            let digits = Digits::new(true);
            let parts = Sequence::new(vec![digits.into(), words.into()]);
            tokenizer.with_pre_tokenizer(Some(parts));
        } else {
            tokenizer.with_pre_tokenizer(Some(words));
        }
    }
    Ok(tokenizer)
}

/// Returns Hugging Face's name of a tensor.
fn new_name(name: &str) -> Option<String> {
    let outer = match name {
        "token_embd.weight" => "model.embed_tokens.weight",
        "output_norm.weight" => "model.norm.weight",
        "output.weight" => "lm_head.weight",
        _ => {
            let (layer, part) = name.strip_prefix("blk.")?.split_once('.')?;
            let part = match part.strip_suffix(".weight")? {
                "attn_norm" => "input_layernorm",
                "attn_q" => "self_attn.q_proj",
                "attn_k" => "self_attn.k_proj",
                "attn_v" => "self_attn.v_proj",
                "attn_output" => "self_attn.o_proj",
                "ffn_norm" => "post_attention_layernorm",
                "ffn_gate" => "mlp.gate_proj",
                "ffn_up" => "mlp.up_proj",
                "ffn_down" => "mlp.down_proj",
                _ => return None,
            };
            return Some(format!("model.layers.{layer}.{part}.weight"));
        }
    };
    Some(outer.to_owned())
}

/// Sorts the rows of each head. The two rows that rotate together are neighbours in a GGUF file. In Hugging Face's form, one
/// is in the first half of the rows and the other in the second.
fn in_halves(tensor: &Tensor, heads: usize) -> Result<Tensor, Error> {
    let (rows, columns) = tensor.dims2()?;
    let pairs = rows.checked_div(2 * heads).unwrap_or(0);
    let sorted = tensor
        .reshape((heads, pairs, 2, columns))?
        .transpose(1, 2)?;
    Ok(sorted.reshape((rows, columns))?)
}
