//! The time of day, for what is shown only. What the rules count is the monotonic clock's.

use std::time::SystemTime;

/// In ms since 1970.
pub(super) fn unix_ms() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
