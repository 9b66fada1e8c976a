//! The stream items of a job.

use super::history::{History, Measured};
use super::json::Json;
use crate::settings::Limits;

/// The stream of a job. Fetched items are kept for the page.
#[derive(Debug, Default)]
pub(super) struct JobStream {
    pub(super) items: History<Json>,
    /// The number of the next item that no client has fetched.
    next: u64,
    /// Whether the log already has a line about dropped items.
    pub(super) is_overflowing: bool,
}

impl Measured for Json {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl JobStream {
    /// Adds an item. Returns its number, and whether items were dropped that no client had fetched.
    pub(super) fn push(&mut self, item: Json, limits: &Limits) -> (u64, bool) {
        let (most, most_bytes) = (limits.stream_items_kept, limits.stream_bytes_kept);
        let number = self.items.push(item, most, most_bytes);
        let lost = self.next < self.items.first();
        self.next = self.next.max(self.items.first());
        (number, lost)
    }

    /// Returns the items that no client has fetched, up to about `most` bytes.
    pub(super) fn fetch(&mut self, most: usize) -> Vec<Json> {
        let mut bytes = 0;
        let mut fetched = Vec::new();
        for item in self.items.from(self.next) {
            if !fetched.is_empty() && bytes + item.len() > most {
                break;
            }
            bytes += item.len();
            fetched.push(item.clone());
        }
        self.next += fetched.len() as u64;
        fetched
    }

    pub(super) fn is_fetched(&self) -> bool {
        self.next == self.items.end()
    }

    /// Removes the items that no client has fetched, because the job starts over and would send them again.
    pub(super) fn start_over(&mut self) {
        while self.items.end() > self.next && self.items.pop_newest().is_some() {}
    }
}
