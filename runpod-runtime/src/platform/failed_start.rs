//! The result of a job that fails because its worker could not start: the report of the SDK's prestart hooks.

use serde::Serialize;

use super::bodies::{Reporter, ResultBody};
use crate::handler::Failure;

/// Why a worker could not start.
#[derive(Debug, Clone)]
pub(crate) struct FailedStart {
    /// The part of the start that failed.
    pub(crate) hook: &'static str,
    pub(crate) failure: Failure,
    /// The last lines of this process's log.
    pub(crate) logs: String,
}

#[derive(Serialize)]
struct Report<'a> {
    event: &'a str,
    error_type: &'a str,
    error_message: &'a str,
    error_traceback: &'a str,
    worker_id: &'a str,
    runpod_version: &'a str,
    hook: &'a str,
    logs: &'a str,
}

impl Reporter {
    /// Creates the failed result of a job that this worker cannot run.
    pub(crate) fn failed_start(&self, failed: &FailedStart) -> ResultBody {
        let FailedStart {
            hook,
            failure,
            logs,
        } = failed;
        let trace = failure.trace.join("\n");
        let report = Report {
            event: "prestart_failed",
            error_type: &self.redacted(&failure.error_type),
            error_message: &self.redacted(&failure.message),
            error_traceback: &self.redacted(&trace),
            worker_id: &self.worker_id,
            runpod_version: super::VERSION,
            hook,
            logs: &self.redacted(logs),
        };
        self.failed(&serde_json::to_string(&report).unwrap_or_default())
    }
}
