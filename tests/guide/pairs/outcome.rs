//! The outcome of a job, as far as both languages must agree.

use serde_json::Value;

use super::wire::Posted;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) status: String,
    pub(crate) output: Option<Value>,
    pub(crate) error: Option<String>,
    pub(crate) items: Vec<Value>,
    pub(crate) progress: Vec<Value>,
    pub(crate) refreshes: bool,
}

impl Outcome {
    /// Combines the answer of the public API, the streamed items and the copied posts.
    pub(crate) fn of(ended: &Value, items: Vec<Value>, posted: Posted) -> Self {
        Self {
            status: ended["status"].as_str().unwrap_or_default().to_owned(),
            output: ended.get("output").cloned(),
            error: ended.get("error").map(message),
            items,
            progress: posted.progress,
            refreshes: posted.refreshes,
        }
    }

    /// Returns the outcome in one line, for the table.
    pub(crate) fn told(&self) -> String {
        let mut parts = vec![self.status.clone()];
        parts.extend(self.output.as_ref().map(|it| format!("output {it}")));
        parts.extend(self.error.as_ref().map(|it| format!("error {it:?}")));
        for (name, values) in [("items", &self.items), ("progress", &self.progress)] {
            if !values.is_empty() {
                parts.push(format!("{name} {}", Value::from(values.clone())));
            }
        }
        if self.refreshes {
            parts.push("a fresh worker".to_owned());
        }
        parts.join(", ")
    }
}

/// Returns only the handler's message from an error report, because the error type, the traceback, the version and the
/// worker's name differ between languages and runs. A plain text stays as it is, so that it differs from a report.
fn message(error: &Value) -> String {
    let text = error
        .as_str()
        .map_or_else(|| error.to_string(), str::to_owned);
    let report = serde_json::from_str::<Value>(&text).unwrap_or_default();
    match report["error_message"].as_str() {
        Some(message) => format!("raised: {message}"),
        None => text,
    }
}

#[test]
fn of_a_report_the_message_counts_and_a_bare_text_is_none() {
    let report =
        serde_json::json!({ "error_type": "E", "error_message": "no", "error_traceback": "x" });
    assert_eq!(message(&Value::from(report.to_string())), "raised: no");
    assert_eq!(message(&Value::from("no")), "no");
}
