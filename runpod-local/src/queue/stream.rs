//! The items that a job streamed.

use std::collections::VecDeque;

use super::json::Json;
use crate::settings::Limits;

/// Items are kept after they were fetched, for the page; the oldest give way to new ones.
#[derive(Debug, Default)]
pub(super) struct Stream {
    items: VecDeque<Json>,
    bytes: usize,
    /// The number of the first item that is kept, counted from the job's first.
    first: u64,
    /// The number of the next item that a client has not had.
    next: u64,
    /// Whether it was said that items are dropped.
    pub(super) is_overflowing: bool,
}

impl Stream {
    /// The item's number, and whether items were dropped that no client has had.
    pub(super) fn push(&mut self, item: Json, limits: &Limits) -> (u64, bool) {
        let number = self.end();
        self.bytes += item.len();
        self.items.push_back(item);
        while self.items.len() > limits.stream_items_kept.max(1)
            || (self.bytes > limits.stream_bytes_kept && self.items.len() > 1)
        {
            let Some(dropped) = self.items.pop_front() else {
                break;
            };
            self.bytes -= dropped.len();
            self.first += 1;
        }
        let lost = self.next < self.first;
        self.next = self.next.max(self.first);
        (number, lost)
    }

    /// What a client has not had, up to about `most` bytes.
    pub(super) fn fetch(&mut self, most: usize) -> Vec<Json> {
        let mut bytes = 0;
        let mut fetched = Vec::new();
        for item in self.kept_from(self.next) {
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
        self.next == self.end()
    }

    /// The job starts over: what no client has had of this attempt would come twice.
    pub(super) fn start_over(&mut self) {
        while self.end() > self.next {
            let Some(unread) = self.items.pop_back() else {
                break;
            };
            self.bytes -= unread.len();
        }
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = &Json> {
        self.items.iter()
    }

    /// The item with this number, if it is kept.
    pub(super) fn get(&self, number: u64) -> Option<&Json> {
        let index = number.checked_sub(self.first)?;
        self.items.get(usize::try_from(index).ok()?)
    }

    /// The number of the first item that is kept.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// How many there were in all.
    pub(super) fn end(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    /// Of the items, and of what it costs to keep them.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.items.len() * size_of::<Json>()
    }

    fn kept_from(&self, number: u64) -> impl Iterator<Item = &Json> {
        let skipped = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.items.iter().skip(skipped)
    }
}
