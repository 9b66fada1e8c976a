//! What became of a job, in words.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;

use super::json_text;
use super::report::{Report, Status};
use super::safe_text;

/// Of a job that did not complete: an error, for people.
pub(super) fn told(id: &str, report: &Report) -> Option<String> {
    let error = report.error.as_deref();
    match &report.status {
        Status::Failed => Some(match error {
            Some(error) => failed(id, error, report.worker_id.as_deref()),
            None => format!("error: job {id} failed, and gave no reason"),
        }),
        Status::Cancelled => Some(format!("error: job {id} was cancelled, and not from here")),
        Status::TimedOut => {
            let reason = error
                .map(|error| format!(": {}", plain(error)))
                .unwrap_or_default();
            Some(format!(
                "error: job {id} timed out{reason}; a request may allow more: {{\"input\": …, \"policy\": \
                 {{\"executionTimeout\": 1200000, \"ttl\": 86400000}}}}, in milliseconds"
            ))
        }
        _ => None,
    }
}

/// Such as `COMPLETED in 1.2 s, after 30 ms in the queue, on worker w1 (job …)`.
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

/// What a worker's SDK reports, as JSON in a text.
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
    if let Some(kind) = report.kind {
        let _ = write!(told, "\n  type: {}", safe_text::line(class(&kind), 200));
    }
    if let Some(worker) = worker {
        let _ = write!(told, "\n  worker: {}", safe_text::line(worker, 60));
    }
    let traceback = report.traceback.unwrap_or_default();
    if !traceback.trim().is_empty() {
        told.push_str("\n  traceback:");
        for line in safe_text::block(traceback.trim_end()).lines() {
            let _ = write!(told, "\n    {line}");
        }
    }
    told
}

/// A handler that streams has its failure reported in words.
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

/// `<class 'ValueError'>` is how Python shows the class `ValueError`.
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
            "error: job j1 failed: no\n  traceback:\n    E: no\n    in f"
        );
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
