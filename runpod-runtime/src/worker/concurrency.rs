//! How many jobs may run at once.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::handler::Modifier;

/// The number now, and what may change it before every take.
#[derive(Clone)]
pub(crate) struct Concurrency {
    current: usize,
    modifier: Option<Modifier>,
    complained: bool,
}

impl Concurrency {
    /// `initial` is at least one.
    pub(crate) fn new(initial: usize, modifier: Option<Modifier>) -> Self {
        Self {
            current: initial.max(1),
            modifier,
            complained: false,
        }
    }

    /// The number of the last take.
    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// Whether the number may change.
    pub(crate) fn varies(&self) -> bool {
        self.modifier.is_some()
    }

    /// The number for the next take. A modifier that answers 0 or panics leaves it as it is: a worker that takes
    /// nothing would sit there, billed, for ever.
    pub(super) fn next(&mut self) -> usize {
        let Some(modifier) = &self.modifier else {
            return self.current;
        };
        let current = self.current;
        let fault = match catch_unwind(AssertUnwindSafe(|| modifier(current))) {
            Ok(0) => "answered 0",
            Ok(next) => {
                if next != current {
                    tracing::debug!("concurrency goes from {current} to {next}");
                }
                self.current = next;
                self.complained = false;
                return next;
            }
            Err(_) => "panicked",
        };
        // Asked many times a minute: say it once until it is mended.
        if !self.complained {
            self.complained = true;
            tracing::error!(
                "concurrency_modifier({current}) {fault}; it must answer 1 or more. Concurrency stays at {current}."
            );
        }
        current
    }
}

impl fmt::Debug for Concurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Concurrency")
            .field("current", &self.current)
            .field("varies", &self.varies())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_modifier_is_given_what_it_answered_last() {
        let mut concurrency = Concurrency::new(1, Some(Arc::new(|now| now * 2)));
        assert_eq!(
            [concurrency.next(), concurrency.next(), concurrency.next()],
            [2, 4, 8]
        );
    }

    #[test]
    fn zero_and_panics_leave_the_number_as_it_is() {
        let mut concurrency = Concurrency::new(3, Some(Arc::new(|_| 0)));
        assert_eq!(concurrency.next(), 3);
        let mut concurrency = Concurrency::new(2, Some(Arc::new(|_| panic!("no"))));
        assert_eq!(concurrency.next(), 2);
    }

    #[test]
    fn without_a_modifier_it_never_changes_and_is_never_zero() {
        let mut concurrency = Concurrency::new(0, None);
        assert_eq!((concurrency.next(), concurrency.next()), (1, 1));
    }
}
