//! Times: arithmetic on the monotonic clock, which all rules use, and the time of day, which is only displayed.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A time that is as good as never, but does not overflow an `Instant`.
const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// Returns the instant `time` after `start`, but at most a hundred years later. Settings may be as long as
/// [`Duration::MAX`], and an overflow would end the task that keeps the time.
pub(super) fn after(start: Instant, time: Duration) -> Instant {
    start.checked_add(time.min(LONGEST)).unwrap_or(start)
}

/// Returns the time of day in ms since 1970.
pub(super) fn unix_ms() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

pub(crate) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
