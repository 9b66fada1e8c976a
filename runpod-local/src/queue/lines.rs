//! A job's log lines.

use std::collections::VecDeque;

use super::LogLine;
use crate::settings::Limits;

/// The newest lines of one job.
#[derive(Debug, Default)]
pub(super) struct Lines {
    kept: VecDeque<LogLine>,
    bytes: usize,
    /// The number of the first line that is kept, counted from the job's first.
    first: u64,
}

impl Lines {
    /// The line's number. A line that is longer than all that may be kept is cut.
    pub(super) fn push(&mut self, mut line: LogLine, limits: &Limits) -> u64 {
        if line.text.len() > limits.log_bytes {
            let end = line.text.floor_char_boundary(limits.log_bytes);
            line.text = line.text[..end].into();
        }
        let number = self.first + self.kept.len() as u64;
        self.bytes += line.text.len();
        self.kept.push_back(line);
        while self.kept.len() > limits.log_lines.max(1)
            || (self.bytes > limits.log_bytes && self.kept.len() > 1)
        {
            let Some(dropped) = self.kept.pop_front() else {
                break;
            };
            self.bytes -= dropped.text.len();
            self.first += 1;
        }
        number
    }

    /// The line with this number, if it is kept.
    pub(super) fn get(&self, number: u64) -> Option<&LogLine> {
        let index = number.checked_sub(self.first)?;
        self.kept.get(usize::try_from(index).ok()?)
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = &LogLine> {
        self.kept.iter()
    }

    /// Of the lines, and of what it costs to keep them.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.kept.len() * size_of::<LogLine>()
    }
}
