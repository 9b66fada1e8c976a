//! The model: its weights, its tokenizer, and the vectors that it computes.

use std::fs;
use std::path::Path;

use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use runpod::openai::ApiError;
use serde_json::Value;
use tokenizers::Tokenizer;

use crate::{Error, weights};

/// The maximum number of tokens in a text, with the two special ones. The model was trained with texts of up to 128, and
/// its authors use it with 256.
const WINDOW: usize = 256;

/// The maximum number of tokens that the model reads at a time, with padding. It bounds the memory.
const TOKENS_AT_ONCE: usize = 8192;

pub struct Model {
    bert: BertModel,
    tokenizer: Tokenizer,
    device: Device,
    window: usize,
}

impl Model {
    pub fn load(folder: &Path) -> Result<Self, Error> {
        let device = if cfg!(feature = "cuda") {
            Device::new_cuda(0)?
        } else {
            Device::Cpu
        };
        let config = config(&folder.join("config.json"))?;
        let tokenizer = tokenizer(&folder.join("tokenizer.json"), &config)?;
        let path = folder.join("model.safetensors");
        let tensors = weights::load(&path, &device)?;
        let builder = VarBuilder::from_tensors(tensors, DType::F32, &device);
        // The error names the tensor that is missing, or that has another shape than config.json says.
        let bert = BertModel::load(builder, &config).map_err(|error| {
            let path = path.display();
            format!("{path}: the weights do not match config.json: {error}")
        })?;
        Ok(Self {
            bert,
            tokenizer,
            device,
            window: WINDOW.min(config.max_position_embeddings),
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

    /// Returns the tokens of each text of a request.
    pub fn read(&self, texts: &[String]) -> Result<Vec<Vec<u32>>, ApiError> {
        let read = |(index, text): (usize, &String)| {
            let place = format!("input.{index}");
            let tokens = self.tokenizer.encode_fast(text.as_str(), true);
            let tokens = tokens.map_err(|error| ApiError::invalid(&place, error.to_string()))?;
            match tokens.len() {
                0 => Err(ApiError::invalid(
                    &place,
                    format!("{place}: the text is empty"),
                )),
                found if found > self.window => {
                    Err(ApiError::context_length(place, self.window, found))
                }
                _ => Ok(tokens.get_ids().to_vec()),
            }
        };
        texts.iter().enumerate().map(read).collect()
    }

    /// Computes a vector of length 1 for each text.
    pub fn embed(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, Error> {
        // Texts of similar length need little padding.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&text| texts[text].len());
        let mut vectors = vec![Vec::new(); texts.len()];
        let mut rest = &order[..];
        while !rest.is_empty() {
            let fits = |number: &usize| number * texts[rest[number - 1]].len() <= TOKENS_AT_ONCE;
            let number = (1..=rest.len()).take_while(fits).last().unwrap_or(1);
            let (now, later) = rest.split_at(number);
            let part: Vec<_> = now.iter().map(|&text| texts[text]).collect();
            for (&text, vector) in now.iter().zip(self.forward(&part)?) {
                vectors[text] = vector;
            }
            rest = later;
        }
        Ok(vectors)
    }

    fn forward(&self, texts: &[&[u32]]) -> Result<Vec<Vec<f32>>, Error> {
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let shape = (texts.len(), longest);
        let padded = |of: fn(u32) -> u32| {
            let rows = texts.iter().flat_map(|text| {
                let padding = vec![0; longest - text.len()];
                text.iter()
                    .map(|&token| of(token))
                    .chain(padding)
                    .collect::<Vec<_>>()
            });
            Tensor::from_iter(rows, &self.device)?.reshape(shape)
        };
        let tokens = padded(|token| token)?;
        // 1 for a token, 0 for padding.
        let mask = padded(|_| 1)?;
        let states = self
            .bert
            .forward(&tokens, &tokens.zeros_like()?, Some(&mask))?;
        // The mean over the tokens of each text, and then its direction.
        let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        let sum = states.broadcast_mul(&mask)?.sum(1)?;
        let mean = sum.broadcast_div(&mask.sum(1)?)?;
        let length = mean.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?;
        Ok(mean.broadcast_div(&length)?.to_vec2()?)
    }
}

fn config(path: &Path) -> Result<Config, Error> {
    let read = || -> Result<Config, Error> {
        let config: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
        match config["model_type"].as_str() {
            Some("bert") => Ok(serde_json::from_value(config)?),
            other => {
                let found = other.unwrap_or("nothing");
                Err(format!("model_type: found {found}, expected bert").into())
            }
        }
    };
    read().map_err(|error| format!("{}: {error}", path.display()).into())
}

fn tokenizer(path: &Path, config: &Config) -> Result<Tokenizer, Error> {
    let mut tokenizer =
        Tokenizer::from_file(path).map_err(|error| format!("{}: {error}", path.display()))?;
    // The file pads and cuts every text to 128 tokens.
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None)?;
    let (found, most) = (tokenizer.get_vocab_size(true), config.vocab_size);
    if found > most {
        let path = path.display();
        return Err(
            format!("{path}: found {found} tokens, expected {most}, as in config.json").into(),
        );
    }
    Ok(tokenizer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiny;

    #[test]
    fn a_text_has_the_same_vector_in_every_company() {
        let model = tiny::model();
        let texts = ["red", "green blue", "red red red red red", "blue"].map(str::to_owned);
        let tokens = model.read(&texts).unwrap();
        let all: Vec<_> = tokens.iter().map(Vec::as_slice).collect();
        let together = model.embed(&all).unwrap();
        for (text, together) in all.iter().zip(together) {
            let alone = model.embed(&[*text]).unwrap().remove(0);
            let far = alone.iter().zip(&together).map(|(a, b)| (a - b).abs());
            assert!(far.fold(0.0, f32::max) < 1e-5, "{alone:?} and {together:?}");
            let length: f32 = alone.iter().map(|it| it * it).sum();
            assert!((length - 1.0).abs() < 1e-5, "{length}");
        }
    }

    #[test]
    fn more_tokens_than_fit_are_read_in_parts() {
        let model = tiny::model();
        let long = vec![2; tiny::WINDOW];
        let number = TOKENS_AT_ONCE / tiny::WINDOW + 3;
        let vectors = model.embed(&vec![long.as_slice(); number]).unwrap();
        assert_eq!(vectors.len(), number);
        assert!(vectors.iter().all(|vector| !vector.is_empty()));
    }

    #[test]
    fn a_model_of_another_type_or_with_other_weights_is_refused() {
        let folder = tiny::folder();
        let path = folder.path().join("config.json");
        let whole = fs::read_to_string(&path).unwrap();
        for (from, to, fault) in [
            (
                "\"bert\"",
                "\"llama\"",
                "model_type: found llama, expected bert",
            ),
            (
                "\"num_hidden_layers\":1",
                "\"num_hidden_layers\":2",
                "encoder.layer.1.",
            ),
            ("\"hidden_size\":16", "\"hidden_size\":8", "shape mismatch"),
            (
                "\"vocab_size\":7",
                "\"vocab_size\":6",
                "found 7 tokens, expected 6",
            ),
        ] {
            assert!(whole.contains(from), "{whole}");
            fs::write(&path, whole.replace(from, to)).unwrap();
            let Err(error) = Model::load(folder.path()) else {
                panic!("a model was loaded with {to}");
            };
            let error = error.to_string();
            assert!(error.contains(fault), "{error}");
            assert!(
                error.contains(&folder.path().display().to_string()),
                "{error}"
            );
        }
    }
}
