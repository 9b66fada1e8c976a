//! The model: which words follow which in a text. Small enough to be read, and real enough to be replaced by yours.

use std::collections::HashMap;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the model is, unless `MODEL_PATH` says so.
const DEFAULT_PATH: &str = "model/harbour.txt";

pub fn path() -> PathBuf {
    env::var_os("MODEL_PATH").map_or_else(|| DEFAULT_PATH.into(), PathBuf::from)
}

pub struct Model {
    /// Each word's successors, as often and in the order as they are in the text. No word is without one.
    followers: HashMap<String, Vec<String>>,
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
            return Err(fault("it holds no word".to_owned()));
        }
        Ok(model)
    }

    /// Of a text. Its last word is followed by its first.
    pub fn of(text: &str) -> Self {
        let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
        let mut followers: HashMap<String, Vec<String>> = HashMap::new();
        for (word, next) in words.iter().zip(words.iter().cycle().skip(1)) {
            followers
                .entry(word.clone())
                .or_default()
                .push(next.clone());
        }
        Self { followers }
    }

    /// Words without end that go on from the last one of `text`.
    pub fn continuation(
        &self,
        text: &str,
        seed: u64,
    ) -> Result<impl Iterator<Item = &str>, UnknownWord> {
        let last = text.split_whitespace().last().unwrap_or_default();
        let Some((mut word, _)) = self.followers.get_key_value(&last.to_lowercase()) else {
            return Err(UnknownWord(last.to_owned()));
        };
        let mut dice = Dice(seed);
        Ok(std::iter::from_fn(move || {
            let followers = self.followers.get(word)?;
            word = &followers[dice.throw(followers.len())];
            Some(word.as_str())
        }))
    }
}

/// The model could not be loaded.
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    reason: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot load the model from {}: {}; set MODEL_PATH to where its file is ({DEFAULT_PATH} if unset)",
            self.path.display(),
            self.reason
        )
    }
}

impl std::error::Error for LoadError {}

/// A text that the model cannot go on from.
#[derive(Debug)]
pub struct UnknownWord(String);

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`text` has to end with a word of the model's own text, and {:?} is none",
            self.0
        )
    }
}

impl std::error::Error for UnknownWord {}

/// Random numbers that a seed determines (SplitMix64).
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
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
    fn a_model_that_is_not_there_is_an_error_that_names_its_path() {
        let Err(error) = Model::load(Path::new("model/nowhere.txt")) else {
            panic!("there is no such file");
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
        assert_eq!(seen, ["three", "two"]);
    }
}
