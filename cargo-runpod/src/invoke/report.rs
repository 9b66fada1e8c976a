//! The endpoint's answers about a job.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;
use serde_json::value::RawValue;

/// The answer to status and cancel. The parts of a result are kept exactly as they were written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) status: Status,
    /// The output. While the job runs, this is its newest progress update.
    #[serde(default, deserialize_with = "present")]
    pub(super) output: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) error: Option<Box<RawValue>>,
    pub(super) delay_time: Option<Number>,
    pub(super) execution_time: Option<Number>,
    pub(super) worker_id: Option<String>,
}

/// The answer to stream: the items since the last request.
#[derive(Debug, Deserialize)]
pub(super) struct Streamed {
    pub(super) status: Status,
    #[serde(default)]
    pub(super) stream: Vec<Item>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Item {
    #[serde(default, deserialize_with = "present")]
    pub(super) output: Option<Box<RawValue>>,
}

/// The answer to run.
#[derive(Debug, Deserialize)]
pub(super) struct Submitted {
    pub(super) id: String,
}

/// The answer to purge-queue.
#[derive(Debug, Deserialize)]
pub(super) struct Purged {
    pub(super) removed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    InQueue,
    InProgress,
    Completed,
    Failed,
    Cancelled,
    TimedOut,
    /// A state that was unknown when this was written. The job does not count as finished.
    #[serde(untagged)]
    Other(String),
}

impl Status {
    pub(super) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Failed | Self::Cancelled | Self::TimedOut
        )
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::InQueue => "IN_QUEUE",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::TimedOut => "TIMED_OUT",
            Self::Other(other) => other,
        }
    }
}

/// Deserializes a key that is present. `null` counts as a value.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_that_is_null_is_there() {
        let report: Report =
            serde_json::from_str(r#"{"status": "COMPLETED", "output": null}"#).unwrap();
        assert_eq!(report.output.unwrap().get(), "null");
        let report: Report = serde_json::from_str(r#"{"status": "COMPLETED"}"#).unwrap();
        assert!(report.output.is_none() && report.status == Status::Completed);
    }

    #[test]
    fn a_state_that_is_not_known_is_not_the_end() {
        let report: Report = serde_json::from_str(r#"{"status": "IN_LIMBO"}"#).unwrap();
        assert_eq!(report.status.as_str(), "IN_LIMBO");
        assert!(!report.status.is_final());
    }
}
