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
        reports_streams_alike: false,
    }
}

fn body(outcome: Outcome, streaming: bool, refresh: bool) -> Value {
    let body = reporter().result(outcome, streaming, refresh, None);
    serde_json::from_slice(&body.body).unwrap()
}

fn value(json: &str) -> Value {
    let raw = RawValue::from_string(json.to_owned()).unwrap();
    body(Outcome::Value(Payload::of(&raw).unwrap()), false, false)
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

/// The outcome table of docs/reference/protocol.md for returned values, implemented in another way than in
/// `bodies.rs`.
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
        let body = body(failed, streaming, refresh);
        prop_assert!(body["error"].is_string());
        prop_assert!(!body.to_string().contains("very-secret-key"));
        prop_assert_eq!(body.get("stopPod").is_some(), refresh);
    }
}

/// Wraps a value in types whose serde structure differs from the structure of their JSON.
fn shapes(value: &Value) -> Vec<Payload> {
    let raw = RawValue::from_string(value.to_string()).unwrap();
    let mut shapes = vec![
        Payload::of(value),
        Payload::of(&raw),
        Payload::of(&Some(&Box::new(value))),
        Payload::of(&Ok::<_, String>(Some(&raw))),
    ];
    if let Value::Object(entries) = value {
        #[derive(Serialize)]
        struct Flat<'a> {
            #[serde(flatten)]
            entries: &'a serde_json::Map<String, Value>,
        }

        let texts: Vec<_> = entries
            .iter()
            .map(|(key, value)| (Shown(key), value))
            .collect();
        shapes.extend([Payload::of(&Flat { entries }), Payload::of(&Pairs(&texts))]);
    }
    shapes.into_iter().map(Result::unwrap).collect()
}

/// A key that is written by its `Display` implementation.
struct Shown<'a>(&'a str);

impl Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

struct Pairs<'a, K>(&'a [(K, &'a Value)]);

impl<K: Serialize> Serialize for Pairs<'_, K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

proptest! {
    #[test]
    fn every_shape_of_a_value_gives_the_body_that_reading_it_gives(
        returned in json::any(), refresh: bool
    ) {
        for payload in shapes(&returned) {
            let read = payload.clone().seen_as_special();
            let [quick, slow] = [payload, read].map(|it| {
                reporter().result(Outcome::Value(it), false, refresh, None)
            });
            prop_assert_eq!(&quick.body, &slow.body);
            prop_assert_eq!(quick.stop_pod, slow.stop_pod);
            prop_assert_eq!(&quick.error, &slow.error);
            let body: Value = serde_json::from_slice(&quick.body).unwrap();
            let mut expected = by_the_table(returned.clone());
            if refresh {
                expected["stopPod"] = json!(true);
            }
            prop_assert_eq!(body, expected);
        }
    }
}

#[test]
fn an_output_is_posted_from_the_memory_into_which_it_was_written() {
    for refresh in [false, true] {
        let payload = Payload::of("x").unwrap();
        let written = payload.value().as_ptr();
        let body = reporter()
            .result(Outcome::Value(payload), false, refresh, None)
            .body;
        assert_eq!(body[10..].as_ptr(), written);
    }
    let item = Payload::of(&json!({ "text": "x" })).unwrap();
    assert_eq!(item_body(&item)[10..].as_ptr(), item.value().as_ptr());
}

#[test]
fn a_worker_that_is_to_be_refreshed_says_so_after_the_output() {
    let result = |value: &Value| {
        let outcome = Outcome::Value(Payload::of(value).unwrap());
        reporter().result(outcome, false, true, None)
    };
    assert_eq!(result(&json!([1])).body, r#"{"output":[1],"stopPod":true}"#);
    assert_eq!(result(&json!({})).body, r#"{"stopPod":true}"#);
    assert!(result(&json!([1])).stop_pod);
    let shared = Payload::of(&1).unwrap();
    let body = reporter()
        .result(Outcome::Value(shared.clone()), false, true, None)
        .body;
    assert_eq!(body, r#"{"output":1,"stopPod":true}"#);
    assert_eq!(shared.body(), r#"{"output":1}"#);
}

#[test]
fn of_equal_keys_the_last_counts() {
    assert_eq!(
        value(r#"{"error":"e","error":"","a":1}"#),
        json!({"output": {"a": 1}})
    );
    assert_eq!(value(r#"{"error":"","error":"e"}"#), json!({"error": "e"}));
    assert_eq!(
        value(r#"{ "refresh_worker" : 1 }"#),
        json!({"stopPod": true})
    );
    assert_eq!(value("{ }"), json!({}));
}

#[test]
fn the_debugger_adds_its_report_to_objects_and_to_failures() {
    let reporter = Reporter {
        debugger: Some(1.5),
        reports_streams_alike: false,
        ..reporter()
    };
    let body = |outcome| -> Value {
        let body = reporter.result(outcome, false, true, None).body;
        serde_json::from_slice(&body).unwrap()
    };
    let of = |value: Value| body(Outcome::Value(Payload::of(&value).unwrap()));
    let object = of(json!({"a": 1, "error": "e"}));
    assert_eq!(object["output"]["a"], 1);
    assert_eq!(object["output"]["rp_debugger"]["ready_delay_ms"], 1.5);
    assert_eq!(object["error"], "e");
    assert_eq!(object["stopPod"], true);
    assert!(of(json!({}))["output"]["rp_debugger"].is_object());
    assert_eq!(of(json!([1])), json!({"output": [1], "stopPod": true}));
    let failed = body(Outcome::Failed(Failure::new("T", "m")));
    assert!(failed["output"]["rp_debugger"].is_object());
    assert!(failed["error"].is_string());
}

#[test]
fn the_order_of_keys_in_an_output_is_the_handlers() {
    let raw = RawValue::from_string(r#"{"z":1,"error":"","a":2}"#.into()).unwrap();
    let outcome = Outcome::Value(Payload::of(&raw).unwrap());
    let body = reporter().result(outcome, false, false, None);
    assert_eq!(body.body, r#"{"output":{"z":1,"a":2}}"#);
}

#[test]
fn refresh_goes_on_failures_too() {
    for streaming in [false, true] {
        let failed = Outcome::Failed(Failure::new("T", "m"));
        assert_eq!(body(failed, streaming, true)["stopPod"], json!(true));
    }
}

#[test]
fn failures_are_reports_in_a_text_and_never_carry_the_key() {
    let failure = Failure::new("very-secret-key", "no very-secret-key").at("greet");
    let report: Value = serde_json::from_str(
        body(Outcome::Failed(failure.clone()), false, false)["error"]
            .as_str()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        report,
        json!({
            "error_type": "[redacted]", "error_message": "no [redacted]", "error_traceback": "greet",
            "hostname": "host", "worker_id": "w1", "runpod_version": crate::platform::VERSION,
        })
    );
    let text = body(Outcome::Failed(failure), true, false)["error"].to_string();
    assert!(
        text.contains("handler: no [redacted]") && !text.contains("very-secret"),
        "{text}"
    );
}

#[test]
fn streams_end_as_in_the_outcome_table() {
    let items = vec![Payload::of(&1).unwrap(), Payload::of("x").unwrap()];
    let end = |end, items| body(Outcome::Stream { end, items }, true, false);
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

#[test]
fn a_long_error_is_whole_for_the_client_and_cut_without_the_key_for_the_log() {
    let key = "very-secret-key";
    let error = format!("{}{key} at the end", "x".repeat(2_000_000));
    let returned = Payload::of(&json!({ "error": error })).unwrap();
    let raised = Failure::new("Broken", error);
    for outcome in [Outcome::Value(returned), Outcome::Failed(raised)] {
        let result = reporter().result(outcome, false, false, None);
        assert!(result.body.len() > 2_000_000);
        let to_log = result.error.unwrap();
        assert!(to_log.len() < 4096, "{}", to_log.len());
        assert!(to_log.contains("[redacted] at the end"), "{to_log}");
        assert!(to_log.contains("...TRUNCATED "), "{to_log}");
    }
}
