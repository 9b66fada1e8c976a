//! Finds the trace that a job continues: that of the request, of the job, or of its input.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::handler::TakenJob;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// Longer states are left out. W3C demands that at least 512 characters are passed on.
const LONGEST_STATE: usize = 4096;

/// Returns the context of the span that has caused this job, or an empty context. The headers of a request come first,
/// then the keys of the job, then those of its input.
pub(crate) fn parent_of(job: &TakenJob) -> Context {
    let text = |key: &str| Some(job.extra.get(key)?.as_str()?.to_owned());
    let found = of_request(job)
        .or_else(|| W3c::of(text(TRACEPARENT), text(TRACESTATE)))
        .or_else(|| of_input(job.input.get()));
    match found {
        // A malformed value gives an empty context, so the job starts a new trace.
        Some(found) => TraceContextPropagator::new().extract_with_context(&Context::new(), &found),
        None => Context::new(),
    }
}

/// The values of W3C's headers.
#[derive(Debug, PartialEq)]
struct W3c {
    parent: String,
    state: Option<String>,
}

impl W3c {
    fn of(parent: Option<String>, state: Option<String>) -> Option<Self> {
        Some(Self {
            parent: parent?,
            state: state.filter(|it| it.len() <= LONGEST_STATE),
        })
    }
}

impl Extractor for W3c {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACEPARENT => Some(&self.parent),
            TRACESTATE => self.state.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}

#[cfg(feature = "http")]
fn of_request(job: &TakenJob) -> Option<W3c> {
    let request = job.request.as_deref()?;
    W3c::of(request.traceparent.clone(), request.tracestate.clone())
}

#[cfg(not(feature = "http"))]
fn of_request(_: &TakenJob) -> Option<W3c> {
    None
}

#[derive(Deserialize)]
struct Keys<'a> {
    #[serde(borrow, default)]
    traceparent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tracestate: Option<&'a RawValue>,
}

fn of_input(input: &str) -> Option<W3c> {
    // Inputs can be large, and few have the key.
    if !input.contains("\"traceparent\"") {
        return None;
    }
    let keys: Keys<'_> = serde_json::from_str(input).ok()?;
    let text = |value: Option<&RawValue>| serde_json::from_str(value?.get()).ok();
    W3c::of(text(keys.traceparent), text(keys.tracestate))
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TraceContextExt as _;
    use serde_json::json;

    use super::*;
    use crate::platform::read_job;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const OTHER: &str = "00-11111111111111111111111111111111-2222222222222222-01";

    /// Returns the trace, the span and the state that the job continues.
    fn parent(job: &serde_json::Value) -> Option<(String, String, String)> {
        let context = parent_of(&read_job(&job.to_string()).unwrap());
        let span = context.span().span_context().clone();
        span.is_valid().then(|| {
            (
                span.trace_id().to_string(),
                span.span_id().to_string(),
                span.trace_state().header(),
            )
        })
    }

    fn trace(job: &serde_json::Value) -> Option<String> {
        parent(job).map(|(trace, ..)| trace)
    }

    #[test]
    fn a_job_continues_the_trace_of_its_input() {
        let job = json!({ "id": "a", "input": { "traceparent": PARENT, "tracestate": "vendor=x,other=y" } });
        let expected = (&PARENT[3..35], &PARENT[36..52], "vendor=x,other=y");
        let found = parent(&job).unwrap();
        assert_eq!((&*found.0, &*found.1, &*found.2), expected);
    }

    #[test]
    fn the_key_of_the_job_comes_before_that_of_its_input() {
        let job = json!({ "id": "a", "traceparent": PARENT, "input": { "traceparent": OTHER } });
        assert_eq!(trace(&job).as_deref(), Some(&PARENT[3..35]));
    }

    #[test]
    fn only_the_outermost_keys_of_the_input_count() {
        for input in [
            json!({ "nested": { "traceparent": PARENT } }),
            json!(["traceparent", PARENT]),
            json!("\"traceparent\""),
        ] {
            assert_eq!(
                trace(&json!({ "id": "a", "input": input })),
                None,
                "{input}"
            );
        }
    }

    #[test]
    fn a_malformed_value_starts_a_new_trace() {
        for value in [
            json!(""),
            json!(7),
            json!({}),
            json!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"),
            json!("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
            json!("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
            json!("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            json!(format!("{PARENT}-more")),
            json!("ü".repeat(55)),
        ] {
            let job = json!({ "id": "a", "input": { "traceparent": value } });
            assert_eq!(trace(&job), None, "{value}");
        }
    }

    #[test]
    fn an_endless_state_is_left_out() {
        let state = format!("a={}", "x".repeat(5000));
        let job = json!({ "id": "a", "input": { "traceparent": PARENT, "tracestate": state } });
        assert_eq!(parent(&job).unwrap().2, "");
    }
}
