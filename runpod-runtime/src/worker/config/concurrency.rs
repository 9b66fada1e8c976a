//! The options for the number of jobs at once.

use crate::handler::Modifier;
use crate::worker::adaptive::Bounds;

/// How many jobs may run at once.
#[derive(Clone)]
pub(crate) struct ConcurrencyConfig {
    /// The number at the start. 0 counts as 1. `None` means 1, or enough for full batches.
    pub(crate) jobs: Option<usize>,
    pub(crate) modifier: Option<Modifier>,
    /// Whether the worker chooses the number itself.
    pub(crate) auto: bool,
    pub(crate) min: Option<usize>,
    pub(crate) max: Option<usize>,
}

impl ConcurrencyConfig {
    pub(crate) const NEW: Self = Self {
        jobs: None,
        modifier: None,
        auto: false,
        min: None,
        max: None,
    };

    /// A number that does not change. A flag or a variable overrides the options in this way.
    #[cfg(any(test, feature = "http", feature = "local"))]
    pub(crate) fn fixed(jobs: usize) -> Self {
        Self {
            jobs: Some(jobs),
            ..Self::NEW
        }
    }

    /// Checks the options together.
    ///
    /// # Errors
    ///
    /// Returns a message for the user if they contradict each other.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (min, max) = (self.min, self.max);
        for (name, bound) in [("min_concurrency", min), ("max_concurrency", max)] {
            if bound == Some(0) {
                return Err(format!("`{name}` is 0; it must be 1 or more"));
            }
            if bound.is_some() && !self.auto {
                return Err(format!(
                    "`{name}` is set, but the concurrency is not chosen automatically; add `concurrency = \"auto\"` (in a \
                     builder: `auto_concurrency()`), or remove `{name}`"
                ));
            }
        }
        if self.auto && (self.modifier.is_some() || self.jobs.is_some()) {
            let other = match self.modifier {
                Some(_) => "concurrency_modifier",
                None => "concurrency",
            };
            return Err(format!(
                "the concurrency is chosen automatically, so `{other}` must not be set as well; remove one of the two"
            ));
        }
        let lowest = min.unwrap_or(1);
        let highest = max.unwrap_or(Bounds::DEFAULT_MAX.max(lowest));
        if lowest > highest {
            return Err(format!(
                "`max_concurrency` is {highest}, and `min_concurrency` is {lowest}; exchange them, or remove one of them: \
                 the maximum must not be below the minimum"
            ));
        }
        Ok(())
    }

    /// Returns the bounds if the worker chooses the number itself. `needed` is the number of slots that its handlers
    /// need, which is more than 1 for batches.
    pub(crate) fn bounds(&self, needed: usize) -> Option<Bounds> {
        if !self.auto {
            return None;
        }
        // Batches may need all slots of the default maximum from the start, and then nothing could be tried.
        let most = Bounds::DEFAULT_MAX.max(needed.saturating_mul(2));
        let needed = self.max.map_or(needed, |max| needed.min(max));
        let min = self.min.unwrap_or(needed).max(1);
        let max = self.max.unwrap_or(most).max(min);
        Some(Bounds { min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTO: ConcurrencyConfig = ConcurrencyConfig {
        auto: true,
        ..ConcurrencyConfig::NEW
    };

    #[track_caller]
    fn assert_wrong(config: &ConcurrencyConfig, part: &str) {
        let wrong = config.check().unwrap_err();
        assert!(wrong.contains(part), "{wrong}");
    }

    #[test]
    fn contradictions_are_explained() {
        let bounds = |min, max| ConcurrencyConfig {
            min: Some(min),
            max: Some(max),
            ..AUTO
        };
        assert_wrong(
            &bounds(8, 2),
            "`max_concurrency` is 2, and `min_concurrency` is 8",
        );
        assert_wrong(&bounds(0, 2), "`min_concurrency` is 0");
        let max = Some(4);
        let without_auto = ConcurrencyConfig {
            max,
            ..ConcurrencyConfig::NEW
        };
        assert_wrong(&without_auto, "add `concurrency = \"auto\"`");
        let jobs = Some(4);
        assert_wrong(
            &ConcurrencyConfig { jobs, ..AUTO },
            "`concurrency` must not",
        );
        assert_eq!(bounds(2, 2).check(), Ok(()));
    }

    #[test]
    fn a_low_minimum_or_a_high_one_moves_the_default_maximum() {
        assert_eq!(AUTO.bounds(1), Some(Bounds { min: 1, max: 64 }));
        let min = Some(100);
        let many = ConcurrencyConfig { min, ..AUTO };
        assert_eq!(many.check(), Ok(()));
        assert_eq!(many.bounds(1), Some(Bounds { min: 100, max: 100 }));
        assert_eq!(ConcurrencyConfig::fixed(3).bounds(1), None);
    }

    #[test]
    fn batches_need_slots_from_the_start_unless_the_maximum_is_lower() {
        assert_eq!(AUTO.bounds(16), Some(Bounds { min: 16, max: 64 }));
        assert_eq!(AUTO.bounds(64), Some(Bounds { min: 64, max: 128 }));
        assert_eq!(AUTO.bounds(128), Some(Bounds { min: 128, max: 256 }));
        let max = Some(20);
        let few = ConcurrencyConfig { max, ..AUTO };
        assert_eq!(few.bounds(128), Some(Bounds { min: 20, max: 20 }));
    }
}
