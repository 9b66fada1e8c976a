//! How much is held, and what makes room.

use super::JobId;
use super::book::Book;
use super::error::QueueError;
use super::voice::Said;

impl Book {
    /// Room for so many bytes. Jobs that have ended go first, those that would expire first before others.
    pub(super) fn make_room(&mut self, bytes: u64) -> Result<(), QueueError> {
        if self.held < self.limits.held_bytes / 2 {
            self.drops_results = false;
        }
        while self.held + bytes > self.limits.held_bytes {
            let Some((_, id)) = self.pop_ended(None) else {
                return Err(QueueError::HeldFull(self.limits.held_bytes));
            };
            self.forget(id);
            if !std::mem::replace(&mut self.drops_results, true) {
                self.voice.warn(Said::ResultsDropped);
            }
        }
        Ok(())
    }

    /// After anything of the job grew or shrank.
    pub(super) fn recount(&mut self, id: JobId) {
        if let Some(job) = self.jobs.get_mut(&id) {
            let weight = job.weight();
            self.held = self.held - job.counted + weight;
            job.counted = weight;
        }
    }

    pub(super) fn forget(&mut self, id: JobId) {
        if let Some(job) = self.jobs.remove(&id) {
            self.held -= job.counted;
            job.tell_waiters();
        }
    }
}
