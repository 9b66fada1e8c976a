//! Exit codes, so that a script need not read what is for people.

use super::report::Status;

pub(super) const USAGE: u8 = 2;
/// The endpoint could not be reached, or refused.
pub(super) const NO_ANSWER: u8 = 5;
/// As a shell tells a process that `SIGINT`, `SIGTERM` or `SIGPIPE` has ended.
pub(super) const INTERRUPTED: u8 = 130;
pub(super) const TERMINATED: u8 = 143;
pub(super) const READER_GONE: u8 = 141;

/// Of a job that has ended.
pub(super) fn of(status: &Status) -> u8 {
    match status {
        Status::Completed => 0,
        Status::Failed => 1,
        Status::Cancelled => 3,
        Status::TimedOut => 4,
        Status::InQueue | Status::InProgress | Status::Other(_) => NO_ANSWER,
    }
}
