//! A worker that loads its model from a network volume, where the first worker has put it.
//!
//! ```sh
//! MODELS=target/models VOLUME=target RUNPOD_ENDPOINT_ID=e1 \
//!     cargo run --example model_on_a_volume --features volume-cache -- --test_input '{"input": {"text": "to be or not"}}'
//! ```

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use runpod::VolumeCache;
use runpod::prelude::*;

/// The name of the model on Hugging Face.
const MODEL: &str = "org/word-lengths";

struct Model {
    weights: Vec<u8>,
    source: &'static str,
}

/// Returns a directory from an environment variable, so that the worker also runs on your machine.
fn directory(variable: &str, default: &str) -> PathBuf {
    env::var_os(variable).map_or_else(|| default.into(), PathBuf::from)
}

/// Stands for your download.
fn download(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    fs::write(directory.join("model.safetensors"), vec![3; 1_000_000])
}

#[runpod::main]
async fn main() -> Result<Model, Box<dyn Error + Send + Sync>> {
    // The quickest way: Runpod has put the model on the machine.
    if let Ok(files) = runpod::cached_model(MODEL) {
        let weights = fs::read(files.join("model.safetensors"))?;
        return Ok(Model {
            weights,
            source: "Runpod's cache",
        });
    }
    let models = directory("MODELS", "/models");
    let cache = VolumeCache::new([&models]).volume(directory("VOLUME", "/runpod-volume"));
    cache.hydrate().await?;
    let file = models.join("model.safetensors");
    let mut source = "the volume";
    if !file.exists() {
        // The volume does not have the model yet.
        download(&models)?;
        cache.sync().await?;
        source = "a download";
    }
    Ok(Model {
        weights: fs::read(file)?,
        source,
    })
}

#[derive(Deserialize)]
struct Question {
    text: String,
}

#[runpod::handler]
fn answer(question: Question, model: State<Model>) -> Value {
    let long = usize::from(model.weights[0]);
    let words = question.text.split_whitespace();
    json!({ "long_words": words.filter(|word| word.len() > long).count(), "model_from": model.source })
}
