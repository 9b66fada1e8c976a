//! Decides when to warn about a collector that does not accept spans.

use std::time::{Duration, Instant};

/// How often the warning is repeated.
const REPEAT: Duration = Duration::from_mins(1);

/// The exports that have failed in a row.
#[derive(Debug, Default)]
pub(super) struct Outage {
    /// The spans that were lost since the last warning.
    lost: usize,
    warned: Option<Instant>,
}

impl Outage {
    /// Notes that an export with this many spans has failed. If it is time for a warning, returns how many spans were
    /// lost since the last one.
    pub(super) fn failed(&mut self, spans: usize, now: Instant) -> Option<usize> {
        self.lost += spans;
        let is_due = self
            .warned
            .is_none_or(|last| now.saturating_duration_since(last) >= REPEAT);
        is_due.then(|| {
            self.warned = Some(now);
            std::mem::take(&mut self.lost)
        })
    }

    /// Notes that an export has worked. If there was a warning, returns how many more spans were lost after it.
    pub(super) fn is_over(&mut self) -> Option<usize> {
        self.warned.take()?;
        Some(std::mem::take(&mut self.lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_warning_a_minute_counts_all_lost_spans() {
        let mut outage = Outage::default();
        let start = Instant::now();
        assert_eq!(outage.failed(3, start), Some(3));
        assert_eq!(outage.failed(2, start + REPEAT / 2), None);
        assert_eq!(outage.failed(4, start + REPEAT), Some(6));
        assert_eq!(outage.failed(1, start + REPEAT), None);
        assert_eq!(outage.is_over(), Some(1));
    }

    #[test]
    fn a_collector_that_works_causes_no_line() {
        let mut outage = Outage::default();
        assert_eq!(outage.is_over(), None);
        assert_eq!(outage.failed(1, Instant::now()), Some(1));
        assert_eq!(outage.is_over(), Some(0));
        assert_eq!(outage.is_over(), None);
        assert_eq!(outage.failed(1, Instant::now()), Some(1));
    }
}
