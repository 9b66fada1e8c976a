//! The bodies of results, stream items and progress updates (docs/reference/protocol.md).
//!
//! A handler's value is written once, directly into the body that is posted ([`Payload`]). Nearly every value is output
//! as a whole, and such a value is not read or copied again here. Everything else is assembled here: failures, and
//! objects that contain `error` or `refresh_worker`.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::config::Secrets;
use crate::handler::{Failure, JobContext, Payload, StreamEnd, is_special, truthy};
use crate::json;
use crate::logging;

/// The outcome of a job.
#[derive(Debug)]
pub(crate) enum Outcome {
    Value(Payload),
    /// `items` are the items to repeat in the result (`return_aggregate_stream`).
    Stream {
        end: StreamEnd,
        items: Vec<Payload>,
    },
    Failed(Failure),
}

/// A result that is ready to be posted.
#[derive(Debug)]
pub(crate) struct ResultBody {
    pub(crate) body: Bytes,
    /// Whether the result asks for a fresh worker.
    pub(crate) stop_pod: bool,
    /// The description of a failure for the log: without secrets, and shortened if it is long.
    pub(crate) error: Option<String>,
    /// The description without data from the job's input, for the log above level DEBUG. Set only if the error
    /// repeats such data.
    pub(crate) without_data: Option<String>,
}

/// Creates result bodies. Holds the data about this worker that error reports contain.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    pub(crate) hostname: String,
    pub(crate) worker_id: String,
    pub(crate) secrets: Secrets,
    /// The time that the worker took to get ready, in milliseconds. Set by `--rp_debugger`.
    pub(crate) debugger: Option<f64>,
    /// Whether a failed stream gets the same report as any other failure, instead of the SDK's text.
    pub(crate) reports_streams_alike: bool,
}

/// The fields of a result that this module assembles.
#[derive(Serialize, Default)]
struct ResultFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Cow<'a, RawValue>>,
    #[serde(rename = "stopPod", skip_serializing_if = "std::ops::Not::not")]
    stop_pod: bool,
}

#[derive(Serialize)]
struct ErrorReport<'a> {
    error_type: &'a str,
    error_message: &'a str,
    error_traceback: &'a str,
    hostname: &'a str,
    worker_id: &'a str,
    runpod_version: &'a str,
}

pub(crate) fn item_body(item: &Payload) -> Bytes {
    item.body()
}

pub(crate) fn progress_body(update: &Payload) -> Bytes {
    update.body()
}

impl Reporter {
    /// Creates the result of a job. `streaming` says whether its handler streams. `refresh` says whether the worker is
    /// refreshed after every job.
    pub(crate) fn result(
        &self,
        outcome: Outcome,
        streaming: bool,
        refresh: bool,
        context: Option<&JobContext>,
    ) -> ResultBody {
        let refresh = refresh || context.is_some_and(JobContext::wants_refresh);
        let streaming = streaming && !self.reports_streams_alike;
        let failed = |message: &str| {
            let mut fields = ResultFields::failed(message);
            fields.stop_pod = refresh;
            fields.output = self
                .debugger_report(context)
                .map(|it| object_of(Vec::new(), &it));
            fields.into_result(self)
        };
        match outcome {
            Outcome::Value(value) => self.of_value(value, refresh, context),
            Outcome::Stream { end, items } => match end {
                StreamEnd::Finished | StreamEnd::Cancelled => {
                    self.of_value(Payload::list(&items), refresh, context)
                }
                StreamEnd::ItemError(message) => failed(&message),
                StreamEnd::Failed(failure) => failed(&self.of_failed(&failure, streaming)),
            },
            Outcome::Failed(failure) => {
                let message = self.of_failed(&failure, streaming);
                ResultBody {
                    without_data: failure.without_data,
                    ..failed(&message)
                }
            }
        }
    }

    /// Returns a failed result with this error, for a job that did not run.
    pub(super) fn failed(&self, error: &str) -> ResultBody {
        ResultFields::failed(error).into_result(self)
    }

    fn of_value(&self, value: Payload, refresh: bool, context: Option<&JobContext>) -> ResultBody {
        let report = self.debugger_report(context);
        if !value.may_be_special() && report.is_none() {
            return ResultBody::of_output(value, refresh);
        }
        let Some(mut entries) = value.entries() else {
            if report.is_some() {
                tracing::warn!(
                    "--rp_debugger adds its report only to outputs that are objects, and this output is not an object"
                );
            }
            return ResultBody::of_output(value, refresh);
        };
        let last_truthy = |wanted: &str| {
            let value = entries.iter().rev().find(|(key, _)| key == wanted)?.1;
            truthy(value).then_some(value)
        };
        let error = last_truthy("error").map(Cow::Borrowed);
        let stop_pod = refresh || last_truthy("refresh_worker").is_some();
        let all = entries.len();
        entries.retain(|(key, _)| !is_special(key));
        let output = match &report {
            None if entries.is_empty() => None,
            // The value's type did not show its keys, and it has no special ones.
            None if entries.len() == all => return ResultBody::of_output(value, refresh),
            None => Some(json::object(&entries)),
            Some(report) => Some(object_of(entries, report)),
        };
        ResultFields {
            output,
            error,
            stop_pod,
        }
        .into_result(self)
    }

    /// Returns the report that `--rp_debugger` adds to the output.
    fn debugger_report(&self, context: Option<&JobContext>) -> Option<Box<RawValue>> {
        let ready_ms = self.debugger?;
        to_raw_value(&crate::platform::debugger::report(context, ready_ms)).ok()
    }

    /// Returns the error of a failed job in the form of Python's `json.dumps(error_info)`: JSON text inside a JSON string.
    fn of_failure(&self, failure: &Failure) -> String {
        let trace = failure.trace.join("\n");
        let report = ErrorReport {
            error_type: &self.redacted(&failure.error_type),
            error_message: &self.redacted(&failure.message),
            error_traceback: &self.redacted(&trace),
            hostname: &self.hostname,
            worker_id: &self.worker_id,
            runpod_version: crate::platform::VERSION,
        };
        serde_json::to_string(&report).unwrap_or_default()
    }

    fn of_failed(&self, failure: &Failure, streaming: bool) -> String {
        if streaming {
            self.of_failed_stream(failure)
        } else {
            self.of_failure(failure)
        }
    }

    fn of_failed_stream(&self, failure: &Failure) -> String {
        let text = format!(
            "handler: {} \ntraceback: {}: {}\n{}",
            failure.message,
            failure.error_type,
            failure.message,
            failure.trace.join("\n")
        );
        self.redacted(&text).into_owned()
    }

    /// Returns the description of an error for the log. It is shortened here, on the handler's thread, because an
    /// error may have 20 MB, and the control thread, which logs it, must not copy or search that much.
    fn to_log(&self, error: &RawValue) -> String {
        let text = readable(error);
        // The key must be removed before the text is shortened. Otherwise a part of the key could remain on either side
        // of the gap.
        logging::shortened_part(&self.redacted(&text)).into_owned()
    }

    /// Removes the worker's keys from a text. They must not appear in any error report, whatever a handler put into
    /// its error.
    pub(crate) fn redacted<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.redact(text)
    }
}

impl ResultBody {
    /// Creates the result whose output is this whole value.
    fn of_output(value: Payload, stop_pod: bool) -> Self {
        let mut body = value.into_body();
        if stop_pod {
            // This works in place unless something else also holds the body.
            let mut longer = BytesMut::from(body);
            longer.truncate(longer.len() - 1);
            longer.extend_from_slice(br#","stopPod":true}"#);
            body = longer.freeze();
        }
        Self {
            body,
            stop_pod,
            error: None,
            without_data: None,
        }
    }
}

impl ResultFields<'_> {
    fn failed(message: &str) -> Self {
        Self {
            error: to_raw_value(message).ok().map(Cow::Owned),
            ..Self::default()
        }
    }

    fn into_result(self, reporter: &Reporter) -> ResultBody {
        let body = serde_json::to_vec(&self).unwrap_or_else(|_| b"{}".to_vec());
        ResultBody {
            body: body.into(),
            stop_pod: self.stop_pod,
            error: self.error.as_deref().map(|error| reporter.to_log(error)),
            without_data: None,
        }
    }
}

/// Creates the object with these entries and the debugger's report. (The SDK fails on any output that is not an
/// object.)
fn object_of<'a>(mut entries: Vec<json::Entry<'a>>, report: &'a RawValue) -> Box<RawValue> {
    entries.push(("rp_debugger".to_owned(), report));
    json::object(&entries)
}

/// Returns an error in readable form. The error of a failed handler is a report inside a string. Only its message and
/// its traceback are shown.
pub(crate) fn readable(error: &RawValue) -> String {
    let text = json::text_of(error);
    let Ok(report) = serde_json::from_str::<ReadReport>(&text) else {
        return text;
    };
    let mut readable = report.message;
    for line in report.traceback.lines() {
        readable.push_str("\n  ");
        readable.push_str(line);
    }
    readable
}

/// Returns only the message of an error.
pub(crate) fn message(error: &RawValue) -> String {
    let text = json::text_of(error);
    serde_json::from_str::<ReadReport>(&text).map_or(text, |report| report.message)
}

/// Returns the type of an error if it is a report that contains one.
pub(crate) fn error_type(error: &RawValue) -> Option<String> {
    let report: Option<ReadReport> = serde_json::from_str(&json::text_of(error)).ok();
    report?.kind
}

#[derive(serde::Deserialize)]
struct ReadReport {
    #[serde(rename = "error_type")]
    kind: Option<String>,
    #[serde(rename = "error_message")]
    message: String,
    #[serde(rename = "error_traceback")]
    traceback: String,
}

#[cfg(test)]
#[path = "bodies_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "allocation_tests.rs"]
mod allocation_tests;
