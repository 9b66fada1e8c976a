//! The newest items or log lines of a job, each with its number.

use std::collections::VecDeque;

/// A numbered list of limited size. The oldest entries are dropped if there are too many, or too many bytes.
#[derive(Debug)]
pub(super) struct History<T> {
    kept: VecDeque<T>,
    bytes: usize,
    /// The number of the first entry that is kept. The job's first entry has the number 0.
    first: u64,
}

/// A value with a size in bytes, without the cost of storing it.
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
    /// Adds an entry and returns its number. At least the newest entry is kept.
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

    /// Returns the entry with this number, if it is kept.
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

    /// Returns the number of the first entry that is kept.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// Returns the number of entries ever added.
    pub(super) fn end(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    /// Returns the bytes of all kept entries, including the cost of storing them.
    pub(super) fn total_bytes(&self) -> usize {
        self.bytes + self.kept.len() * size_of::<T>()
    }
}
