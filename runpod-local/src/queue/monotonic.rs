//! Arithmetic on the monotonic clock. Settings may be as long as [`Duration::MAX`], and an addition that overflows would
//! end the task that keeps the time.

use std::time::Duration;

use tokio::time::Instant;

/// As good as never; far from where an instant overflows.
const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// So long after `start`; a hundred years after it at most.
pub(super) fn after(start: Instant, time: Duration) -> Instant {
    start.checked_add(time.min(LONGEST)).unwrap_or(start)
}
