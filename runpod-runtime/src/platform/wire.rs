//! The JSON of results, stream items and progress: made here and nowhere else (docs/protocol.md).

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::config::Secrets;
use crate::handler::{Failure, JobContext, Payload, StreamEnd, truthy};
use crate::json;

/// How a job ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    Value(Payload),
    /// `items` are those to be repeated in the result (`return_aggregate_stream`).
    Stream {
        end: StreamEnd,
        items: Vec<Payload>,
    },
    Failed(Failure),
}

/// The body of a result.
#[derive(Debug)]
pub(crate) struct ResultBody {
    pub(crate) json: String,
    /// Whether it asks for a fresh worker.
    pub(crate) stop_pod: bool,
    /// What it says about a failure, for the log.
    pub(crate) error: Option<String>,
    /// The same where the error repeats something of the job's input, which not every log is to have.
    pub(crate) without_data: Option<String>,
}

/// Makes result bodies; holds what error reports say about this worker.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    pub(crate) hostname: String,
    pub(crate) worker_id: String,
    pub(crate) secrets: Secrets,
    /// `--rp_debugger`: how long the worker took to get ready, in milliseconds.
    pub(crate) debugger: Option<f64>,
}

#[derive(Serialize, Default)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Cow<'a, RawValue>>,
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

pub(crate) fn item_body(item: &Payload) -> String {
    format!(r#"{{"output":{}}}"#, item.text())
}

pub(crate) fn progress_body(update: &Payload) -> String {
    format!(r#"{{"status":"IN_PROGRESS","output":{}}}"#, update.text())
}

impl Reporter {
    /// The result of a job. `streaming`: its handler streams; `refresh`: the worker is to be fresh after every job.
    pub(crate) fn result(
        &self,
        outcome: &Outcome,
        streaming: bool,
        refresh: bool,
        context: Option<&JobContext>,
    ) -> ResultBody {
        let mut body = match outcome {
            Outcome::Value(value) => of_value(value),
            Outcome::Stream { end, items } => match end {
                StreamEnd::Finished | StreamEnd::Cancelled => Body {
                    output: Some(Cow::Owned(list(items))),
                    ..Body::default()
                },
                StreamEnd::ItemError(message) => Body::failed(message),
                StreamEnd::Failed(failure) => self.failed_stream(failure),
            },
            Outcome::Failed(failure) if streaming => self.failed_stream(failure),
            Outcome::Failed(failure) => self.failed(failure),
        };
        body.stop_pod |= refresh || context.is_some_and(JobContext::wants_refresh);
        if let Some(ready_ms) = self.debugger {
            body.add_debugger(context, ready_ms);
        }
        ResultBody {
            error: body.error.as_ref().map(|error| readable(error)),
            without_data: match outcome {
                Outcome::Failed(failure) => failure.without_data.clone(),
                _ => None,
            },
            stop_pod: body.stop_pod,
            json: serde_json::to_string(&body).unwrap_or_else(|_| "{}".to_owned()),
        }
    }

    fn failed(&self, failure: &Failure) -> Body<'static> {
        let trace = failure.trace.join("\n");
        let report = ErrorReport {
            error_type: &self.redacted(&failure.error_type),
            error_message: &self.redacted(&failure.message),
            error_traceback: &self.redacted(&trace),
            hostname: &self.hostname,
            worker_id: &self.worker_id,
            runpod_version: crate::VERSION,
        };
        // Python's own `json.dumps(error_info)`: a JSON text inside of the JSON.
        Body::failed(&serde_json::to_string(&report).unwrap_or_default())
    }

    fn failed_stream(&self, failure: &Failure) -> Body<'static> {
        let text = format!(
            "handler: {} \ntraceback: {}: {}\n{}",
            failure.message,
            failure.error_type,
            failure.message,
            failure.trace.join("\n")
        );
        Body::failed(&self.redacted(&text))
    }

    /// No error report may carry the worker's key, whatever a handler put into its error.
    pub(crate) fn redacted<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.redact(text)
    }
}

impl Body<'_> {
    fn failed(message: &str) -> Body<'static> {
        Body {
            error: to_raw_value(message).ok().map(Cow::Owned),
            ..Body::default()
        }
    }

    /// Puts the debugger's report into an output that is an object (the SDK breaks on any other).
    fn add_debugger(&mut self, context: Option<&JobContext>, ready_ms: f64) {
        let Ok(report) = to_raw_value(&crate::debugger::report(context, ready_ms)) else {
            return;
        };
        let output = self.output.take();
        let Ok(mut entries) = json::entries(output.as_ref().map_or("{}", |output| output.get()))
        else {
            tracing::warn!(
                "--rp_debugger adds its report to outputs that are objects; this one is not"
            );
            self.output = output;
            return;
        };
        entries.push(("rp_debugger".to_owned(), &report));
        let output = json::object(&entries);
        self.output = Some(Cow::Owned(output));
    }
}

/// An error as a person wants to read it: a raised one is a report in a text, of which the message and the trace count.
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

/// The message of an error alone.
pub(crate) fn message(error: &RawValue) -> String {
    let text = json::text_of(error);
    serde_json::from_str::<ReadReport>(&text).map_or(text, |report| report.message)
}

/// The type of an error, if a report tells it.
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

fn of_value(value: &Payload) -> Body<'_> {
    let Some(entries) = value.entries() else {
        return Body {
            output: Some(Cow::Borrowed(value.raw())),
            ..Body::default()
        };
    };
    let is_special = |key: &str| key == "error" || key == "refresh_worker";
    let last_truthy = |wanted: &str| {
        let value = entries.iter().rev().find(|(key, _)| key == wanted)?.1;
        truthy(value).then_some(value)
    };
    let rest: Vec<_> = entries.iter().filter(|(key, _)| !is_special(key)).collect();
    let output = if rest.is_empty() {
        None
    } else if rest.len() == entries.len() {
        Some(Cow::Borrowed(value.raw()))
    } else {
        Some(Cow::Owned(json::object(rest.iter().copied())))
    };
    Body {
        output,
        error: last_truthy("error").map(Cow::Borrowed),
        stop_pod: last_truthy("refresh_worker").is_some(),
    }
}

fn list(items: &[Payload]) -> Box<RawValue> {
    let items: Vec<_> = items.iter().map(Payload::raw).collect();
    to_raw_value(&items).expect("a list of values that are JSON already always serialises")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Secret;

    fn reporter() -> Reporter {
        Reporter {
            hostname: "host".into(),
            worker_id: "w1".into(),
            secrets: Secret::new("very-secret-key").into(),
            debugger: None,
        }
    }

    fn body(outcome: &Outcome, streaming: bool, refresh: bool) -> Value {
        let body = reporter().result(outcome, streaming, refresh, None);
        serde_json::from_str(&body.json).unwrap()
    }

    fn value(json: &str) -> Value {
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        body(&Outcome::Value(Payload::of(&raw).unwrap()), false, false)
    }

    #[test]
    fn values_have_the_shapes_of_the_outcome_table() {
        assert_eq!(value("1"), json!({"output": 1}));
        assert_eq!(value("null"), json!({"output": null}));
        assert_eq!(value("[]"), json!({"output": []}));
        assert_eq!(value("{}"), json!({}));
        assert_eq!(value(r#"{"a":{}}"#), json!({"output": {"a": {}}}));
        assert_eq!(value(r#"{"error":"e"}"#), json!({"error": "e"}));
        assert_eq!(
            value(r#"{"error":{"code":1},"a":1}"#),
            json!({"output": {"a": 1}, "error": {"code": 1}})
        );
        assert_eq!(value(r#"{"error":"","a":1}"#), json!({"output": {"a": 1}}));
        assert_eq!(
            value(r#"{"refresh_worker":true}"#),
            json!({"stopPod": true})
        );
        assert_eq!(
            value(r#"{"refresh_worker":1,"a":2}"#),
            json!({"output": {"a": 2}, "stopPod": true})
        );
        assert_eq!(
            value(r#"{"refresh_worker":0,"a":2}"#),
            json!({"output": {"a": 2}})
        );
        assert_eq!(
            value(r#"{"refresh_worker":true,"error":"e"}"#),
            json!({"error": "e", "stopPod": true})
        );
    }

    /// The outcome table of docs/protocol.md for returned values, in other words than above.
    fn by_the_table(value: Value) -> Value {
        let Value::Object(mut entries) = value else {
            return json!({ "output": value });
        };
        let mut body = serde_json::Map::new();
        let is_true = |value: &Value| match value {
            Value::Null => false,
            Value::Bool(is) => *is,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            Value::Object(entries) => !entries.is_empty(),
        };
        if let Some(error) = entries.remove("error").filter(is_true) {
            body.insert("error".to_owned(), error);
        }
        if entries
            .remove("refresh_worker")
            .as_ref()
            .is_some_and(is_true)
        {
            body.insert("stopPod".to_owned(), json!(true));
        }
        if !entries.is_empty() {
            body.insert("output".to_owned(), entries.into());
        }
        body.into()
    }

    proptest! {
        #[test]
        fn every_value_has_the_shape_of_the_outcome_table(returned in json::any()) {
            let text = returned.to_string();
            prop_assert_eq!(value(&text), by_the_table(returned));
        }

        #[test]
        fn every_failure_is_json_and_carries_no_key(
            message: String, at: String, streaming: bool, refresh: bool
        ) {
            let message = format!("{message}very-secret-key{message}");
            let failed = Outcome::Failed(Failure::new("T", message).at(at));
            let body = body(&failed, streaming, refresh);
            prop_assert!(body["error"].is_string());
            prop_assert!(!body.to_string().contains("very-secret-key"));
            prop_assert_eq!(body.get("stopPod").is_some(), refresh);
        }
    }

    #[test]
    fn the_order_of_keys_in_an_output_is_the_handlers() {
        let raw = RawValue::from_string(r#"{"z":1,"error":"","a":2}"#.into()).unwrap();
        let outcome = Outcome::Value(Payload::of(&raw).unwrap());
        let body = reporter().result(&outcome, false, false, None);
        assert_eq!(body.json, r#"{"output":{"z":1,"a":2}}"#);
    }

    #[test]
    fn refresh_goes_on_failures_too() {
        let failed = Outcome::Failed(Failure::new("T", "m"));
        assert_eq!(body(&failed, false, true)["stopPod"], json!(true));
        assert_eq!(body(&failed, true, true)["stopPod"], json!(true));
    }

    #[test]
    fn failures_are_reports_in_a_text_and_never_carry_the_key() {
        let failure = Failure::new("very-secret-key", "no very-secret-key").at("greet");
        let report: Value = serde_json::from_str(
            body(&Outcome::Failed(failure.clone()), false, false)["error"]
                .as_str()
                .unwrap(),
        )
        .unwrap();
        assert_eq!(
            report,
            json!({
                "error_type": "[redacted]", "error_message": "no [redacted]", "error_traceback": "greet",
                "hostname": "host", "worker_id": "w1", "runpod_version": crate::VERSION,
            })
        );
        let text = body(&Outcome::Failed(failure), true, false)["error"].to_string();
        assert!(
            text.contains("handler: no [redacted]") && !text.contains("very-secret"),
            "{text}"
        );
    }

    #[test]
    fn streams_end_as_in_the_outcome_table() {
        let items = vec![Payload::of(&1).unwrap(), Payload::of("x").unwrap()];
        let end = |end, items| body(&Outcome::Stream { end, items }, true, false);
        assert_eq!(end(StreamEnd::Finished, vec![]), json!({"output": []}));
        assert_eq!(
            end(StreamEnd::Finished, items.clone()),
            json!({"output": [1, "x"]})
        );
        assert_eq!(
            end(StreamEnd::ItemError("bad".into()), items),
            json!({"error": "bad"})
        );
    }
}
