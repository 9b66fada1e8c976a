//! How many jobs may run at once.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::events::WorkerEvent;
use crate::handler::Modifier;

/// The current concurrency, and the function that may change it before every job-take request.
#[derive(Clone)]
pub(crate) struct Concurrency {
    current: usize,
    modifier: Option<Modifier>,
    complained: bool,
}

impl Concurrency {
    /// Creates the concurrency. An `initial` of 0 counts as 1.
    pub(crate) fn new(initial: usize, modifier: Option<Modifier>) -> Self {
        Self {
            current: initial.max(1),
            modifier,
            complained: false,
        }
    }

    /// Returns the concurrency of the last job-take request.
    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// Returns whether the concurrency may change.
    pub(crate) fn varies(&self) -> bool {
        self.modifier.is_some()
    }

    /// Returns the concurrency for the next job-take request. If the modifier returns 0 or panics, the concurrency
    /// stays as it is, because a worker that takes no jobs would still be billed.
    pub(super) fn next(&mut self) -> usize {
        let Some(modifier) = &self.modifier else {
            return self.current;
        };
        let current = self.current;
        let fault = match catch_unwind(AssertUnwindSafe(|| modifier(current))) {
            Ok(0) => "returned 0",
            Ok(next) => {
                if next != current {
                    let why = "concurrency_modifier returned this number";
                    let (from, to) = (current, next);
                    WorkerEvent::ConcurrencyChanged { from, to, why }.emit();
                }
                self.current = next;
                self.complained = false;
                return next;
            }
            Err(_) => "panicked",
        };
        // The modifier is called many times a minute, so the log reports a fault once until the modifier works again.
        if !self.complained {
            self.complained = true;
            tracing::error!(
                "concurrency_modifier({current}) {fault}; it must return 1 or more. Concurrency stays at {current}."
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
