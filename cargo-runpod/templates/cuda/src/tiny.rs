//! A tiny model with made-up weights, for tests. It takes no time to load, and its replies mean nothing.

use std::collections::HashMap;
use std::fs;

use candle_core::{Device, Tensor};
use serde_json::json;
use tempfile::TempDir;

use crate::model::Model;
use crate::places::Files;

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
        weights: vec![folder.path().join("model.safetensors")],
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
    let chat = CHAT.replace('[', "{").replace(']', "}");
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
