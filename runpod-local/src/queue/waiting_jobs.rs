//! The queued jobs in their order.

use std::collections::BTreeMap;

use super::id::JobId;

/// A place in the queue. Lower numbers come first. Jobs of lost workers count down from zero, all other jobs count up.
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

    /// Adds a job at the front. Used for jobs of lost workers.
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

    /// Returns the last place in use. Jobs that are submitted later are behind it.
    pub(super) fn last_place(&self) -> Place {
        self.last
    }

    /// Returns at most `most` jobs up to a place.
    pub(super) fn up_to(&self, place: Place, most: usize) -> Vec<JobId> {
        let jobs = self.jobs.range(..=place);
        jobs.map(|(_, job)| *job).take(most).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }
}
