//! Models in the form of Hugging Face: `config.json`, `tokenizer.json` and weights as safetensors.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use candle_transformers::models::llama::{Config, LlamaConfig};
use serde::Deserialize as _;
use serde_json::Value;
use tokenizers::Tokenizer;

use crate::Error;
use crate::chat::{Chat, read_if_there};
use crate::model::Contents;

/// Reads the files of a folder.
pub fn read(
    folder: &Path,
    weights: &[PathBuf],
    dtype: DType,
    device: &Device,
) -> Result<Contents, Error> {
    Ok(Contents {
        config: config(folder)?,
        tokenizer: tokenizer(&folder.join("tokenizer.json"))?,
        tensors: tensors(weights, dtype, device)?,
        chat: Chat::read(folder)?,
    })
}

pub fn tokenizer(path: &Path) -> Result<Tokenizer, Error> {
    Tokenizer::from_file(path).map_err(|error| named(path, &*error))
}

fn tensors(
    paths: &[PathBuf],
    dtype: DType,
    device: &Device,
) -> Result<HashMap<String, Tensor>, Error> {
    let mut tensors = HashMap::new();
    for path in paths {
        let loaded = candle_core::safetensors::load(path, device);
        for (name, tensor) in loaded.map_err(|error| {
            let hint = "the file is damaged or its download is not complete";
            format!("{}: {error}; {hint}", file_name(path))
        })? {
            tensors.insert(name, tensor.to_dtype(dtype)?);
        }
    }
    Ok(tensors)
}

fn config(folder: &Path) -> Result<Config, Error> {
    let path = folder.join("config.json");
    let read = || -> Result<Config, Error> {
        let mut config: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        // Chat models often have further tokens that end a reply, which only this file lists.
        let ends = ends_of_replies(&folder.join("generation_config.json"))?;
        if !ends.is_null() {
            config["eos_token_id"] = ends;
        }
        match config["model_type"].as_str() {
            Some("llama") => {
                for name in ["attention_bias", "mlp_bias"] {
                    if config[name] == true {
                        let expected = "this worker runs models without biases";
                        return Err(format!("{name}: found true; {expected}").into());
                    }
                }
                Ok(LlamaConfig::deserialize(config)?.into_config(false))
            }
            other => {
                let found = other.unwrap_or("nothing");
                let expected = "this worker runs models of the type llama";
                Err(format!("model_type: found {found}; {expected}").into())
            }
        }
    };
    read().map_err(|error| named(&path, &*error))
}

/// Returns the tokens that end a reply, if there is a file that lists them.
fn ends_of_replies(path: &Path) -> Result<Value, Error> {
    let Some(text) = read_if_there(path)? else {
        return Ok(Value::Null);
    };
    let mut generation: Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file_name(path)))?;
    Ok(generation["eos_token_id"].take())
}

fn named(path: &Path, error: &(dyn std::error::Error + Send + Sync)) -> Error {
    format!("{}: {error}", file_name(path)).into()
}

fn file_name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}
