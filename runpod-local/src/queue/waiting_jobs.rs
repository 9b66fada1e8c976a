//! Jobs that wait for a worker, in their order.

use std::collections::BTreeMap;

use super::id::JobId;

/// The number of a place in the queue; lower numbers come first. Jobs that come back from a lost worker count down from
/// zero, all others count up.
pub(super) type Place = i64;

#[derive(Debug, Default)]
pub(super) struct WaitingJobs {
    jobs: BTreeMap<Place, JobId>,
    last: Place,
    first: Place,
}

impl WaitingJobs {
    pub(super) fn push_back(&mut self, job: JobId) -> Place {
        self.last += 1;
        self.jobs.insert(self.last, job);
        self.last
    }

    /// For a job that comes back from a lost worker.
    pub(super) fn push_front(&mut self, job: JobId) -> Place {
        self.first -= 1;
        self.jobs.insert(self.first, job);
        self.first
    }

    pub(super) fn first(&self) -> Option<JobId> {
        self.jobs.first_key_value().map(|(_, job)| *job)
    }

    pub(super) fn pop_first(&mut self) -> Option<JobId> {
        self.jobs.pop_first().map(|(_, job)| job)
    }

    pub(super) fn remove(&mut self, place: Place) {
        self.jobs.remove(&place);
    }

    /// The place that was given last: jobs that come from now on are behind it.
    pub(super) fn last_place(&self) -> Place {
        self.last
    }

    /// Those up to a place, so many at most.
    pub(super) fn up_to(&self, place: Place, most: usize) -> Vec<JobId> {
        let jobs = self.jobs.range(..=place);
        jobs.map(|(_, job)| *job).take(most).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }
}
