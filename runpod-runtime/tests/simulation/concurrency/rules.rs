//! The rules for the number of jobs at once.

mod guide;
mod ours;

use std::time::Duration;

pub(crate) use guide::Guide;
pub(crate) use ours::Ours;

/// Chooses how many jobs may run at once.
pub(crate) trait Rule {
    /// Called before each job-take request.
    fn limit(&mut self, now: Duration) -> usize;
    /// The job with this number starts, and this many jobs run from now on.
    fn started(&mut self, job: usize, in_use: usize, now: Duration);
    /// The job with this number has finished, and this many jobs run from now on.
    fn finished(&mut self, job: usize, in_use: usize, now: Duration);
}

/// A number that never changes.
pub(crate) struct Fixed(pub(crate) usize);

impl Rule for Fixed {
    fn limit(&mut self, _now: Duration) -> usize {
        self.0
    }

    fn started(&mut self, _job: usize, _in_use: usize, _now: Duration) {}

    fn finished(&mut self, _job: usize, _in_use: usize, _now: Duration) {}
}
