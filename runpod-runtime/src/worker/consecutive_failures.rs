//! Counts how many jobs in a row have failed. If every job fails, the worker is broken and would fail the whole queue.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whether the outcome of a job speaks for or against this worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Succeeded,
    /// The handler returned an error or panicked, or its stream failed.
    Failed,
    /// The outcome says nothing about this worker: the input did not match the type, or the job was stopped or cut off.
    None,
}

/// The number of jobs that failed since the last one that succeeded, in the order in which they finished.
#[derive(Debug)]
pub(super) struct ConsecutiveFailures {
    limit: Option<NonZeroUsize>,
    in_a_row: AtomicUsize,
}

impl ConsecutiveFailures {
    pub(super) fn new(limit: Option<NonZeroUsize>) -> Self {
        Self {
            limit,
            in_a_row: AtomicUsize::new(0),
        }
    }

    /// Counts a job. If this job shows that the worker is broken, returns the reason.
    pub(super) fn count(&self, verdict: Verdict) -> Option<String> {
        let limit = self.limit?.get();
        match verdict {
            Verdict::None => return None,
            Verdict::Succeeded => {
                self.in_a_row.store(0, Ordering::Relaxed);
                return None;
            }
            Verdict::Failed => {}
        }
        let failed = self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        (failed >= limit).then(|| {
            format!("{failed} jobs in a row have failed (max_consecutive_failures = {limit})")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_broken_when_as_many_jobs_in_a_row_have_failed() {
        let failures = ConsecutiveFailures::new(NonZeroUsize::new(2));
        assert_eq!(failures.count(Verdict::Failed), None);
        assert_eq!(failures.count(Verdict::Succeeded), None);
        assert_eq!(failures.count(Verdict::Failed), None);
        assert_eq!(failures.count(Verdict::None), None);
        assert_eq!(
            failures.count(Verdict::Failed).as_deref(),
            Some("2 jobs in a row have failed (max_consecutive_failures = 2)")
        );
    }

    #[test]
    fn without_a_limit_it_never_is() {
        let failures = ConsecutiveFailures::new(None);
        assert!((0..1000).all(|_| failures.count(Verdict::Failed).is_none()));
    }
}
