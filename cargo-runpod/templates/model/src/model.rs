//! The model, which knows which words follow each word in a text. Replace it by your own model.

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The path of the model's file if `MODEL_PATH` is not set.
const DEFAULT_PATH: &str = "model/harbour.txt";

pub fn path() -> PathBuf {
    env::var_os("MODEL_PATH").map_or_else(|| DEFAULT_PATH.into(), PathBuf::from)
}

pub struct Model {
    /// The words that follow each word in the text, in their order and with repetitions. Every word has at least one.
    followers: Arc<HashMap<String, Vec<String>>>,
}

impl Model {
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let fault = |reason: String| LoadError {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
        let model = Self::of(&text);
        if model.followers.is_empty() {
            return Err(fault("it contains no words".to_owned()));
        }
        Ok(model)
    }

    /// Builds the model from a text. The first word follows the last one, so every word has a successor.
    pub fn of(text: &str) -> Self {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let mut followers: HashMap<String, Vec<String>> = HashMap::new();
        for (word, next) in words.iter().zip(words.iter().cycle().skip(1)) {
            followers
                .entry(word.clone())
                .or_default()
                .push(next.clone());
        }
        Self {
            followers: Arc::new(followers),
        }
    }

    /// Returns an endless series of tokens that continues `text` from its last word. The iterator has its own share of the
    /// model, because the handler returns it.
    pub fn continuation(
        &self,
        text: &str,
        seed: u64,
    ) -> Result<impl Iterator<Item = String> + use<>, UnknownWord> {
        let last = text.split_whitespace().last().unwrap_or_default();
        let mut word = last.to_lowercase();
        if !self.followers.contains_key(&word) {
            return Err(UnknownWord(last.to_owned()));
        }
        let (all, mut dice) = (Arc::clone(&self.followers), Dice(seed));
        Ok(std::iter::from_fn(move || {
            let followers = all.get(&word)?;
            word.clone_from(&followers[dice.throw(followers.len())]);
            Some(format!(" {word}"))
        }))
    }
}

/// The reason why the model could not be loaded.
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    reason: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot load the model from {}: {}. Set MODEL_PATH to the path of its file; the default is {DEFAULT_PATH}",
            self.path.display(),
            self.reason
        )
    }
}

impl std::error::Error for LoadError {}

/// The last word of a text that the model cannot continue.
#[derive(Debug)]
pub struct UnknownWord(String);

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the model does not know the word {:?}; end `text` with a word that occurs in the model's own text",
            self.0
        )
    }
}

impl std::error::Error for UnknownWord {}

/// A random number generator with a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    /// Returns a number below `sides`.
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed % sides as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_of_this_crate_loads() {
        let model = Model::load(Path::new(DEFAULT_PATH)).unwrap();
        assert!(model.continuation("The harbour", 0).is_ok());
    }

    #[test]
    fn a_missing_model_is_an_error_that_names_its_path() {
        let Err(error) = Model::load(Path::new("model/nowhere.txt")) else {
            panic!("a model was loaded from a missing file");
        };
        assert!(error.to_string().contains("model/nowhere.txt"));
    }

    #[test]
    fn a_word_is_followed_by_a_word_that_follows_it_in_the_text() {
        let model = Model::of("one two one three");
        let mut seen: Vec<_> = (0..20)
            .filter_map(|seed| model.continuation("one", seed).unwrap().next())
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [" three", " two"]);
    }
}
