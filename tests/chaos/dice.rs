//! Chance that can be had again.

use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

use fastrand::Rng;

/// Gives an earlier run's seed back.
const VARIABLE: &str = "RUNPOD_CHAOS_SEED";

/// Decides by what a thing is, not by when it comes.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    seed: u64,
    scenario: String,
}

impl Dice {
    /// The seed of this run of the suite, and the scenario that must not share its luck with the others.
    pub(crate) fn of(scenario: &str) -> Self {
        Self {
            seed: seed(),
            scenario: scenario.to_owned(),
        }
    }

    /// A generator that is the same for the same thing.
    pub(crate) fn thrown_for(&self, thing: &impl Hash) -> Rng {
        let mut hasher = DefaultHasher::new();
        (self.seed, &self.scenario).hash(&mut hasher);
        thing.hash(&mut hasher);
        Rng::with_seed(hasher.finish())
    }
}

/// The seed of this run.
pub(crate) fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| match env::var(VARIABLE) {
        Ok(given) => given
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("{VARIABLE}: found {given:?}; expected a whole number")),
        Err(_) => fastrand::u64(..),
    })
}

/// For every message about a run: how to have it again.
pub(crate) fn again() -> String {
    format!("{VARIABLE}={}", seed())
}
