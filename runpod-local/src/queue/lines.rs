//! A job's log lines.

use std::collections::VecDeque;

use super::LogLine;
use crate::settings::Limits;

/// The newest lines of one job.
#[derive(Debug, Default)]
pub(super) struct Lines {
    lines: VecDeque<LogLine>,
    bytes: usize,
}

impl Lines {
    pub(super) fn push(&mut self, line: LogLine, limits: &Limits) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > limits.log_lines.max(1)
            || (self.bytes > limits.log_bytes && self.lines.len() > 1)
        {
            let Some(dropped) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= dropped.text.len();
        }
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = &LogLine> {
        self.lines.iter()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
