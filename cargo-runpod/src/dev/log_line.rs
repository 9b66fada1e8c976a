//! A worker's log lines. A worker sends them as JSON over a connection that is only for them, so that no output of a
//! handler can pass for a log line of another job.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::invoke::safe_text;

/// The start of the second and every further line of a message, in place of the level.
const CONTINUATION: &str = "       | ";

/// One event in a worker's log.
#[derive(Debug, Deserialize)]
pub(super) struct LogLine {
    #[serde(rename = "requestId")]
    pub(super) job: Option<String>,
    pub(super) level: String,
    message: String,
}

impl LogLine {
    /// Parses a line of JSON. Returns `None` for anything else, for example a line that a killed worker has not
    /// finished.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    /// Returns the lines of the message.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        let lines = self.message.trim_end().split('\n');
        lines.map(|line| line.trim_end_matches('\r'))
    }

    /// Formats the event for people: `INFO   | job | message`. No part of it can control the terminal or look like a
    /// separate event. Every line starts with `prefix`.
    pub(super) fn shown(&self, prefix: &str, color: bool) -> String {
        let mut text = String::with_capacity(self.message.len() + 60);
        for (index, line) in self.lines().enumerate() {
            text.push_str(prefix);
            if index > 0 {
                text.push_str(CONTINUATION);
            } else {
                self.push_level(&mut text, color);
                if let Some(job) = &self.job {
                    text.push_str(&safe_text::block(job).replace('\n', " "));
                    text.push_str(" | ");
                }
            }
            text.push_str(&safe_text::block(line));
            text.push('\n');
        }
        text
    }

    fn push_level(&self, text: &mut String, color: bool) {
        // The codes that a worker uses in a terminal of its own.
        let (level, code) = match self.level.as_str() {
            "ERROR" => ("ERROR", 31),
            "WARN" => ("WARN", 33),
            "DEBUG" => ("DEBUG", 34),
            "TRACE" => ("TRACE", 2),
            _ => ("INFO", 32),
        };
        let _ = if color {
            write!(text, "\u{1b}[{code}m{level:<7}\u{1b}[0m| ")
        } else {
            write!(text, "{level:<7}| ")
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(json: &str) -> LogLine {
        LogLine::read(json.as_bytes()).expect("a log line")
    }

    #[test]
    fn a_message_of_several_lines_is_one_event() {
        let line =
            line(r#"{"requestId": "j-1", "message": "first\r\nsecond\n\n", "level": "ERROR"}"#);
        assert_eq!(
            line.shown("worker-1 | ", false),
            "worker-1 | ERROR  | j-1 | first\nworker-1 |        | second\n"
        );
        assert_eq!(line.lines().collect::<Vec<_>>(), ["first", "second"]);
    }

    #[test]
    fn an_event_without_a_job_has_no_column_for_it() {
        let line = line(r#"{"requestId": null, "message": "ready", "level": "INFO"}"#);
        assert_eq!(line.shown("", true), "\u{1b}[32mINFO   \u{1b}[0m| ready\n");
    }

    #[test]
    fn no_part_of_an_event_controls_the_terminal() {
        let line = line(
            r#"{"requestId": "j\u001b[2J\n1", "message": "a\u001b[31m\u202eb", "level": "\u001b"}"#,
        );
        assert_eq!(
            line.shown("", false),
            "INFO   | j\\u{1b}[2J 1 | a\\u{1b}[31m\\u{202e}b\n"
        );
    }

    #[test]
    fn a_line_that_was_cut_off_is_no_event() {
        assert!(LogLine::read(br#"{"requestId": null, "mess"#).is_none());
        assert!(LogLine::read(b"").is_none());
    }
}
