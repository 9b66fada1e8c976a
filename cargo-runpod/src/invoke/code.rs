//! Exit codes, so a script need not parse messages.

use super::report::Status;

pub(crate) const USAGE: u8 = 2;
/// The endpoint could not be reached, or refused the request.
pub(crate) const NO_ANSWER: u8 = 5;
/// The job has not finished yet.
pub(super) const UNFINISHED: u8 = 6;
/// The codes that a shell reports for a process killed by `SIGINT`, `SIGTERM` or `SIGPIPE`.
pub(crate) const INTERRUPTED: u8 = 130;
pub(crate) const TERMINATED: u8 = 143;
pub(crate) const READER_GONE: u8 = 141;

/// Returns the exit code for a finished job.
pub(super) fn of(status: &Status) -> u8 {
    match status {
        Status::Completed => 0,
        Status::Failed => 1,
        Status::Cancelled => 3,
        Status::TimedOut => 4,
        Status::InQueue | Status::InProgress | Status::Other(_) => NO_ANSWER,
    }
}
