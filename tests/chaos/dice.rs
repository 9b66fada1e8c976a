//! Reproducible randomness.

use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

use fastrand::Rng;

/// The variable that sets the seed, to repeat an earlier run.
const VARIABLE: &str = "RUNPOD_CHAOS_SEED";

/// Makes random decisions that depend on the identity of a request, but not on the time at which it arrives.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    seed: u64,
    scenario: String,
}

impl Dice {
    /// Creates the dice for a scenario from the seed of this run. Different scenarios get different numbers.
    pub(crate) fn of(scenario: &str) -> Self {
        Self {
            seed: seed(),
            scenario: scenario.to_owned(),
        }
    }

    /// Returns a generator of random numbers. The same `thing` always gives the same numbers.
    pub(crate) fn thrown_for(&self, thing: &impl Hash) -> Rng {
        let mut hasher = DefaultHasher::new();
        (self.seed, &self.scenario).hash(&mut hasher);
        thing.hash(&mut hasher);
        Rng::with_seed(hasher.finish())
    }
}

/// Returns the seed of this run.
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

/// Returns the instruction to repeat this run, which every message about the run contains.
pub(crate) fn again() -> String {
    format!("{VARIABLE}={}", seed())
}
