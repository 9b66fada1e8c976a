//! The log lines of a job.

use std::sync::Arc;

use serde::Serialize;

use super::clock::unix_ms;
use super::history::{History, Measured};
use crate::settings::Limits;

/// A log line from a handler, or from the endpoint about a job.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LogLine {
    /// The time in ms since 1970.
    pub(crate) time: u64,
    pub(crate) level: &'static str,
    pub(crate) text: Arc<str>,
}

impl LogLine {
    pub(crate) fn new(level: &str, text: &str) -> Self {
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
        let known = levels
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(level));
        Self {
            time: unix_ms(),
            level: known.unwrap_or("INFO"),
            text: text.into(),
        }
    }

    pub(crate) fn warning(text: &str) -> Self {
        Self::new("WARN", text)
    }
}

impl Measured for LogLine {
    fn bytes(&self) -> usize {
        self.text.len()
    }
}

/// Adds a line and returns its number. A line that exceeds the limit for all lines is cut.
pub(super) fn push(lines: &mut History<LogLine>, mut line: LogLine, limits: &Limits) -> u64 {
    if line.text.len() > limits.log_bytes {
        let end = line.text.floor_char_boundary(limits.log_bytes);
        line.text = line.text[..end].into();
    }
    lines.push(line, limits.log_lines, limits.log_bytes)
}
