//! Describes the outcome of a job.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;

use super::json_text;
use super::report::{Report, Status};
use super::safe_text;

/// Returns the error message for a job that did not complete.
pub(super) fn told(id: &str, report: &Report) -> Option<String> {
    let error = report.error.as_deref();
    match &report.status {
        Status::Failed => Some(match error {
            Some(error) => failed(id, error, report.worker_id.as_deref()),
            None => format!("error: job {id} failed without a reason"),
        }),
        Status::Cancelled => Some(format!(
            "error: job {id} was cancelled, but not by this command"
        )),
        Status::TimedOut => {
            let reason = error
                .map(|error| format!(": {}", plain(error)))
                .unwrap_or_default();
            Some(format!(
                "error: job {id} timed out{reason}; to allow more time, send a policy in milliseconds: {{\"input\": …, \
                 \"policy\": {{\"executionTimeout\": 1200000, \"ttl\": 86400000}}}}"
            ))
        }
        _ => None,
    }
}

/// Returns a line such as `COMPLETED in 1.2 s, after 30 ms in the queue, on worker w1 (job …)`.
pub(super) fn summary(id: &str, report: &Report) -> String {
    let mut text = safe_text::line(report.status.as_str(), 60);
    if let Some(time) = &report.execution_time {
        let _ = write!(text, " in {}", duration(time));
    }
    if let Some(time) = &report.delay_time {
        let _ = write!(text, ", after {} in the queue", duration(time));
    }
    if let Some(worker) = &report.worker_id {
        let _ = write!(text, ", on worker {}", safe_text::line(worker, 60));
    }
    let _ = write!(text, " (job {id})");
    text
}

/// The error report of a worker's SDK. It is sent as JSON in a text.
#[derive(Deserialize)]
struct ErrorReport {
    #[serde(rename = "error_message")]
    message: String,
    #[serde(rename = "error_type")]
    kind: Option<String>,
    #[serde(rename = "error_traceback")]
    traceback: Option<String>,
}

fn failed(id: &str, error: &RawValue, worker: Option<&str>) -> String {
    let report: Option<ErrorReport> = match json_text::as_text(error) {
        Some(text) => serde_json::from_str(&text)
            .ok()
            .or_else(|| of_a_stream(&text)),
        None => serde_json::from_str(error.get()).ok(),
    };
    let Some(report) = report else {
        return format!("error: job {id} failed: {}", plain(error));
    };
    let message = safe_text::block(report.message.trim_end());
    let mut told = format!("error: job {id} failed: {message}");
    let (traceback, repeated) = without_message(
        report.traceback.as_deref().unwrap_or_default(),
        report.message.trim(),
    );
    // A worker in Rust reports the type `Error` if the handler chose no name.
    let kind = report.kind.as_deref().or(repeated);
    if let Some(kind) = kind.filter(|kind| *kind != "Error") {
        let _ = write!(told, "\n  type: {}", safe_text::line(class(kind), 200));
    }
    if let Some(worker) = worker {
        let _ = write!(told, "\n  worker: {}", safe_text::line(worker, 60));
    }
    if !traceback.is_empty() {
        told.push_str("\n  traceback:");
        for line in safe_text::block(traceback).lines() {
            let _ = write!(told, "\n    {line}");
        }
    }
    told
}

/// Parses the error of a handler that streams, which is plain text.
fn of_a_stream(text: &str) -> Option<ErrorReport> {
    let (message, traceback) = text
        .strip_prefix("handler: ")?
        .split_once("\ntraceback: ")?;
    Some(ErrorReport {
        message: message.to_owned(),
        kind: None,
        traceback: Some(traceback.to_owned()),
    })
}

/// Removes the message from a traceback, because it was already printed. Returns the rest, and the error's type if it
/// was in the text. A stream's traceback from a Rust worker starts with `TYPE: MESSAGE`; one from Python ends with it.
fn without_message<'t>(traceback: &'t str, message: &str) -> (&'t str, Option<&'t str>) {
    let traceback = traceback.trim_end();
    if message.is_empty() {
        return (traceback, None);
    }
    let is_kind = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    let of_line = |line: &'t str| {
        let kind = line.trim_end().strip_suffix(message)?;
        match kind.strip_suffix(": ") {
            None if kind.is_empty() => Some(None),
            Some(kind) if is_kind(kind) => Some(Some(kind)),
            _ => None,
        }
    };
    // The message may have several lines.
    let lines = message.lines().count();
    let first = end_of_lines(traceback, lines);
    if let Some(kind) = of_line(&traceback[..first]) {
        return (traceback[first..].trim_start_matches('\n'), kind);
    }
    let last = start_of_lines(traceback, lines);
    if let Some(kind) = of_line(&traceback[last..]) {
        return (traceback[..last].trim_end(), kind);
    }
    (traceback, None)
}

fn end_of_lines(text: &str, lines: usize) -> usize {
    let mut breaks = text.match_indices('\n').map(|(at, _)| at);
    breaks.nth(lines - 1).unwrap_or(text.len())
}

fn start_of_lines(text: &str, lines: usize) -> usize {
    let mut breaks = text.rmatch_indices('\n').map(|(at, _)| at + 1);
    breaks.nth(lines - 1).unwrap_or(0)
}

/// Returns the name of a class. Python writes the class `ValueError` as `<class 'ValueError'>`.
fn class(kind: &str) -> &str {
    kind.strip_prefix("<class '")
        .and_then(|rest| rest.strip_suffix("'>"))
        .unwrap_or(kind)
}

fn plain(error: &RawValue) -> String {
    match json_text::as_text(error) {
        Some(text) => safe_text::block(text.trim_end()),
        None => safe_text::block(&json_text::pretty(error)),
    }
}

fn duration(ms: &Number) -> String {
    let ms = ms.as_f64().unwrap_or_default().max(0.0);
    let seconds = ms / 1000.0;
    if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!(
            "{:.0} min {:.0} s",
            (seconds / 60.0).floor(),
            (seconds % 60.0).floor()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(json: &str) -> Report {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_report_of_the_python_sdk_is_made_readable() {
        let python = r#"{"error_type": "<class 'ValueError'>", "error_message": "no such \u001b[1mmodel", "error_traceback": "Traceback:\n  File \"a.py\"\n", "hostname": "h"}"#;
        let error = serde_json::to_string(python).unwrap();
        let report = report(&format!(
            r#"{{"status": "FAILED", "workerId": "w1", "error": {error}}}"#
        ));
        assert_eq!(
            told("j1", &report).unwrap(),
            "error: job j1 failed: no such \\u{1b}[1mmodel\n  type: ValueError\n  worker: w1\n  traceback:\n    Traceback:\n      File \"a.py\""
        );
    }

    #[test]
    fn the_failure_of_a_stream_is_told_alike() {
        let report =
            report(r#"{"status": "FAILED", "error": "handler: no \ntraceback: E: no\nin f"}"#);
        assert_eq!(
            told("j1", &report).unwrap(),
            "error: job j1 failed: no\n  type: E\n  traceback:\n    in f"
        );
    }

    #[test]
    fn a_message_that_the_traceback_repeats_is_told_once() {
        for (message, traceback, rest, kind) in [
            ("no", "E: no\nin f", "in f", Some("E")),
            ("no", "a::E: no\n", "", Some("a::E")),
            ("no", "no\nin f", "in f", None),
            ("no\nmore", "E: no\nmore\nin f\n", "in f", Some("E")),
            (
                "no",
                "Traceback:\n  File \"a\"\nValueError: no",
                "Traceback:\n  File \"a\"",
                Some("ValueError"),
            ),
            // A line that only ends with the message contains a different message.
            ("no", "he said: no\nin f", "he said: no\nin f", None),
            ("no", "caused by: no\nin f", "caused by: no\nin f", None),
            ("no", "piano\nin f", "piano\nin f", None),
            ("", "E: \nin f", "E: \nin f", None),
            ("no", "", "", None),
        ] {
            assert_eq!(
                without_message(traceback, message),
                (rest, kind),
                "{message:?} {traceback:?}"
            );
        }
    }

    #[test]
    fn any_other_error_is_shown_as_it_is() {
        let text = report(r#"{"status": "FAILED", "error": "out of\nmemory"}"#);
        assert_eq!(
            told("j1", &text).unwrap(),
            "error: job j1 failed: out of\nmemory"
        );
        let json = report(r#"{"status": "FAILED", "error": {"code": 7}}"#);
        assert_eq!(
            told("j1", &json).unwrap(),
            "error: job j1 failed: {\n  \"code\": 7\n}"
        );
    }

    #[test]
    fn times_are_for_people() {
        let report = report(
            r#"{"status": "COMPLETED", "executionTime": 61000, "delayTime": 1250.0, "workerId": "w"}"#,
        );
        assert_eq!(
            summary("j1", &report),
            "COMPLETED in 1 min 1 s, after 1.2 s in the queue, on worker w (job j1)"
        );
    }
}
