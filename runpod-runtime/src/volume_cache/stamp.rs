//! The size and the time of a file, by which the cache decides which of two copies is newer.

use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Times on a network volume can be this coarse, in seconds.
const TOLERANCE: f64 = 2.0;

/// The size of a file in bytes, and the time of its last change in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    pub(super) modified: f64,
}

impl Stamp {
    pub(super) fn of(found: &Metadata) -> Self {
        let modified = found.modified().unwrap_or(UNIX_EPOCH);
        let modified = match modified.duration_since(UNIX_EPOCH) {
            Ok(after) => after.as_secs_f64(),
            Err(before) => -before.duration().as_secs_f64(),
        };
        Self {
            size: found.len(),
            modified,
        }
    }

    /// Returns the time, unless no clock can show it.
    pub(super) fn time(self) -> Option<SystemTime> {
        let distance = Duration::try_from_secs_f64(self.modified.abs()).ok()?;
        if self.modified < 0.0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        }
    }

    /// Returns whether this file must be copied over the other one: it is newer, or it has the same time and another
    /// size.
    pub(super) fn replaces(self, other: Self) -> bool {
        self.modified > other.modified + TOLERANCE
            || (self.size != other.size && self.modified >= other.modified - TOLERANCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newer_file_replaces_the_older_one_and_never_the_reverse() {
        let stamp = |size, modified| Stamp { size, modified };
        let table = [
            (stamp(1, 10.0), stamp(1, 10.0), false),
            (stamp(1, 11.9), stamp(1, 10.0), false),
            (stamp(1, 12.1), stamp(1, 10.0), true),
            (stamp(2, 10.0), stamp(1, 11.0), true),
            (stamp(2, 10.0), stamp(1, 13.0), false),
        ];
        for (source, copy, expected) in table {
            assert_eq!(source.replaces(copy), expected, "{source:?} {copy:?}");
        }
    }

    #[test]
    fn a_time_that_no_clock_shows_is_none() {
        for modified in [f64::INFINITY, f64::NAN, 1e300, -1e300] {
            assert_eq!(Stamp { size: 0, modified }.time(), None);
        }
    }
}
