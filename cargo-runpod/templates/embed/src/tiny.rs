//! A tiny model with made-up weights, for tests. It takes no time to load, and its vectors mean nothing.

use std::collections::HashMap;
use std::fs;

use candle_core::{Device, Tensor};
use serde_json::json;
use tempfile::TempDir;

use crate::model::Model;

/// The maximum number of tokens in a text.
pub const WINDOW: usize = 64;

const WORDS: [&str; 7] = ["?", "red", "green", "blue", "black", "white", "grey"];

pub fn model() -> Model {
    Model::load(folder().path()).unwrap()
}

/// Writes the files of the model.
pub fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let config = json!({
        "model_type": "bert",
        "vocab_size": WORDS.len(),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "max_position_embeddings": WINDOW,
        "type_vocab_size": 2,
        "initializer_range": 0.02,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    });
    let vocabulary: HashMap<_, _> = WORDS.iter().zip(0..).collect();
    let tokenizer = json!({
        "version": "1.0",
        "pre_tokenizer": { "type": "WhitespaceSplit" },
        "model": { "type": "WordLevel", "vocab": vocabulary, "unk_token": "?" },
    });
    for (name, content) in [("config.json", config), ("tokenizer.json", tokenizer)] {
        fs::write(folder.path().join(name), content.to_string()).unwrap();
    }
    let path = folder.path().join("model.safetensors");
    candle_core::safetensors::save(&weights(), path).unwrap();
    folder
}

fn weights() -> HashMap<String, Tensor> {
    let mut weights = HashMap::new();
    let mut add = |name: &str, shape: &[usize]| {
        // The sine of large steps looks random, and is the same in every run.
        let from = 1000.0 * weights.len() as f64;
        let values: Vec<f32> = (0..shape.iter().product())
            .map(|at: usize| ((from + at as f64) * 12.9898).sin() as f32)
            .collect();
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
        weights.insert(name.to_owned(), tensor);
    };
    for (name, rows) in [
        ("word", WORDS.len()),
        ("position", WINDOW),
        ("token_type", 2),
    ] {
        add(&format!("embeddings.{name}_embeddings.weight"), &[rows, 16]);
    }
    let mut layer = |name: &str, shape: &[usize]| {
        add(&format!("{name}.weight"), shape);
        add(&format!("{name}.bias"), &shape[..1]);
    };
    layer("embeddings.LayerNorm", &[16]);
    for (name, shape) in [
        ("attention.self.query", &[16, 16][..]),
        ("attention.self.key", &[16, 16]),
        ("attention.self.value", &[16, 16]),
        ("attention.output.dense", &[16, 16]),
        ("attention.output.LayerNorm", &[16]),
        ("intermediate.dense", &[32, 16]),
        ("output.dense", &[16, 32]),
        ("output.LayerNorm", &[16]),
    ] {
        layer(&format!("encoder.layer.0.{name}"), shape);
    }
    weights
}
