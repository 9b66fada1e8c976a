//! The newest of what a job streamed or logged, each with its number.

use std::collections::VecDeque;

/// The oldest give way when there are too many, or too many bytes of them.
#[derive(Debug)]
pub(super) struct History<T> {
    kept: VecDeque<T>,
    bytes: usize,
    /// The number of the first one that is kept, counted from the job's first.
    first: u64,
}

/// Its size, without what it costs to keep it.
pub(super) trait Measured {
    fn bytes(&self) -> usize;
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self {
            kept: VecDeque::new(),
            bytes: 0,
            first: 0,
        }
    }
}

impl<T: Measured> History<T> {
    /// Gives its number. At least the newest is kept.
    pub(super) fn push(&mut self, new: T, most: usize, most_bytes: usize) -> u64 {
        let number = self.end();
        self.bytes += new.bytes();
        self.kept.push_back(new);
        while self.kept.len() > most.max(1) || (self.bytes > most_bytes && self.kept.len() > 1) {
            let Some(dropped) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= dropped.bytes();
            self.first += 1;
        }
        number
    }

    pub(super) fn pop_newest(&mut self) -> Option<T> {
        let newest = self.kept.pop_back()?;
        self.bytes -= newest.bytes();
        Some(newest)
    }

    /// The one with this number, if it is kept.
    pub(super) fn get(&self, number: u64) -> Option<&T> {
        let index = number.checked_sub(self.first)?;
        self.kept.get(usize::try_from(index).ok()?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.kept.iter()
    }

    pub(super) fn from(&self, number: u64) -> impl Iterator<Item = &T> {
        let skipped = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.kept.iter().skip(skipped)
    }

    /// The number of the first one that is kept.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// How many there were in all.
    pub(super) fn end(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    /// Of all that are kept, and of what it costs to keep them.
    pub(super) fn total_bytes(&self) -> usize {
        self.bytes + self.kept.len() * size_of::<T>()
    }
}
