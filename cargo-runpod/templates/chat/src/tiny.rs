//! A tiny model with made-up weights, for tests. It takes no time to load, and its replies mean nothing.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use serde_json::json;
use tempfile::TempDir;

use crate::model::Model;
use crate::places::{Files, Weights};

const WORDS: [&str; 10] = [
    "?",
    "<end>",
    "red",
    "green",
    "blue",
    "black",
    "white",
    "system",
    "user",
    "assistant",
];

/// Jinja's braces are brackets here, because they would be placeholders of the template of this crate.
const CHAT: &str =
    "[% for message in messages %][[ message.role ]] [[ message.content ]] [% endfor %]assistant";

pub fn model() -> Model {
    Model::load(&files(&folder())).unwrap()
}

pub fn files(folder: &TempDir) -> Files {
    Files {
        folder: folder.path().to_owned(),
        weights: Weights::Safetensors(vec![folder.path().join("model.safetensors")]),
    }
}

/// Writes the files of the model.
pub fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let config = json!({
        "model_type": "llama",
        "vocab_size": WORDS.len(),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 512,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": true,
    });
    let vocabulary: HashMap<_, _> = WORDS.iter().zip(0..).collect();
    let tokenizer = json!({
        "version": "1.0",
        "pre_tokenizer": { "type": "WhitespaceSplit" },
        "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "?" },
    });
    let chat = template();
    for (name, content) in [
        ("config.json", config),
        ("tokenizer.json", tokenizer),
        ("tokenizer_config.json", json!({ "chat_template": chat })),
    ] {
        fs::write(folder.path().join(name), content.to_string()).unwrap();
    }
    let path = folder.path().join("model.safetensors");
    candle_core::safetensors::save(&weights(), path).unwrap();
    folder
}

fn template() -> String {
    CHAT.replace('[', "{").replace(']', "}")
}

/// Writes the same model as a GGUF file without a tokenizer, for the one in the folder.
pub fn write_gguf(path: &Path, architecture: &str) {
    let numbers = [
        ("llama.block_count", 1),
        ("llama.context_length", 512),
        ("llama.embedding_length", 16),
        ("llama.feed_forward_length", 32),
        ("llama.attention.head_count", 2),
        ("llama.attention.head_count_kv", 1),
    ];
    let mut values: Vec<(&str, Value)> = numbers
        .into_iter()
        .map(|(key, number)| (key, Value::U32(number)))
        .collect();
    let epsilon = "llama.attention.layer_norm_rms_epsilon";
    values.push((epsilon, Value::F32(1e-5)));
    values.push((
        "general.architecture",
        Value::String(architecture.to_owned()),
    ));
    values.push(("tokenizer.chat_template", Value::String(template())));
    let names = [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("model.layers.0.input_layernorm", "blk.0.attn_norm"),
        ("model.layers.0.post_attention_layernorm", "blk.0.ffn_norm"),
        ("model.layers.0.self_attn.q_proj", "blk.0.attn_q"),
        ("model.layers.0.self_attn.k_proj", "blk.0.attn_k"),
        ("model.layers.0.self_attn.v_proj", "blk.0.attn_v"),
        ("model.layers.0.self_attn.o_proj", "blk.0.attn_output"),
        ("model.layers.0.mlp.gate_proj", "blk.0.ffn_gate"),
        ("model.layers.0.mlp.up_proj", "blk.0.ffn_up"),
        ("model.layers.0.mlp.down_proj", "blk.0.ffn_down"),
    ];
    let weights = weights();
    let tensors = names.map(|(ours, theirs)| {
        let tensor = &weights[&format!("{ours}.weight")];
        let tensor = match theirs {
            "blk.0.attn_q" => in_pairs(tensor, 2),
            "blk.0.attn_k" => in_pairs(tensor, 1),
            _ => tensor.clone(),
        };
        let tensor = QTensor::quantize(&tensor, GgmlDType::F32).unwrap();
        (format!("{theirs}.weight"), tensor)
    });
    let values: Vec<_> = values.iter().map(|(key, value)| (*key, value)).collect();
    let tensors: Vec<_> = tensors
        .iter()
        .map(|(name, it)| (name.as_str(), it))
        .collect();
    let mut file = fs::File::create(path).unwrap();
    gguf_file::write(&mut file, &values, &tensors).unwrap();
}

/// Sorts the rows of each head as in GGUF files: the rows that rotate together are neighbours.
fn in_pairs(tensor: &Tensor, heads: usize) -> Tensor {
    let (rows, columns) = tensor.dims2().unwrap();
    let halves = tensor
        .reshape((heads, 2, rows / heads / 2, columns))
        .unwrap();
    let pairs = halves.transpose(1, 2).unwrap().contiguous().unwrap();
    pairs.reshape((rows, columns)).unwrap()
}

fn weights() -> HashMap<String, Tensor> {
    let mut weights = HashMap::new();
    let mut add = |name: &str, rows: usize, columns: usize| {
        // The sine of large steps looks random, and is the same in every run.
        let from = 1000.0 * weights.len() as f64;
        let values: Vec<f32> = (0..rows * columns)
            .map(|at| ((from + at as f64) * 12.9898).sin() as f32)
            .collect();
        let shape = if rows == 1 {
            vec![columns]
        } else {
            vec![rows, columns]
        };
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
        weights.insert(format!("model.{name}.weight"), tensor);
    };
    add("embed_tokens", WORDS.len(), 16);
    add("norm", 1, 16);
    for (name, rows, columns) in [
        ("input_layernorm", 1, 16),
        ("post_attention_layernorm", 1, 16),
        ("self_attn.q_proj", 16, 16),
        ("self_attn.k_proj", 8, 16),
        ("self_attn.v_proj", 8, 16),
        ("self_attn.o_proj", 16, 16),
        ("mlp.gate_proj", 32, 16),
        ("mlp.up_proj", 32, 16),
        ("mlp.down_proj", 16, 32),
    ] {
        add(&format!("layers.0.{name}"), rows, columns);
    }
    weights
}
