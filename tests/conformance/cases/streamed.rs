//! Handlers that produce their output piece by piece.

use serde_json::{Value, json};

use crate::record::When;
use crate::script::{Case, Leaving};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        streams(Case::new("stream", "stream")),
        streams(Case::new("iterator", "iterator")),
        streams(Case::new("emitter", "emitter")),
        streams(Case::new("stream aggregated", "stream-aggregate")),
        streams(Case::new("iterator aggregated", "iterator-aggregate")),
        refreshed("stream and refresh flag", &items(&[json!("one")])),
        refreshed(
            "failed stream and refresh flag",
            &json!({ "steps": [{ "item": "one" }, { "raise": "kaput" }] }),
        ),
    ];
    for (name, worker) in [
        ("mock iterator", "mock-iterator"),
        ("mock stream", "mock-stream"),
    ] {
        let input = json!({ "mock_return": ["value1", "value2", "value3"] });
        cases.push(Case::new(name, worker).job("generator", &input));
    }
    cases
}

/// Returns the input of a stream that only sends these items.
fn items(items: &[Value]) -> Value {
    let steps: Vec<Value> = items.iter().map(|item| json!({ "item": item })).collect();
    json!({ "steps": steps })
}

/// A worker that streams every kind of item.
fn streams(case: Case) -> Case {
    let kinds = [
        json!("text"),
        json!(""),
        json!(1),
        json!(0.5),
        json!(false),
        Value::Null,
        json!([1, [2]]),
        json!({ "deep": { "error": "in vain" } }),
        json!({}),
        json!("größer 🦀"),
    ];
    let falsy = [
        json!({ "error": "" , "n": 1 }),
        json!({ "error": null }),
        json!({ "error": 0 }),
        json!({ "error": [] }),
    ];
    let case = case
        .job("kinds", &items(&kinds))
        .job("none", &items(&[]))
        .job("falsy-error", &items(&falsy))
        .job(
            "refresh-item",
            &items(&[json!({ "refresh_worker": true, "n": 1 }), json!(2)]),
        )
        .job(
            "error-not-an-object",
            &items(&[json!(["error"]), json!("error")]),
        );
    let errors = [
        ("error-text", json!({ "error": "told größer", "n": 2 })),
        ("error-number", json!({ "error": 5 })),
        ("error-true", json!({ "error": true })),
        (
            "error-object",
            json!({ "error": { "code": 7, "why": null } }),
        ),
    ];
    let case = errors.into_iter().fold(case, |case, (id, error)| {
        // No item is sent after the error.
        case.job(id, &items(&[json!("first"), error, json!("never")]))
    });
    case.job("raised-at-once", &json!({ "steps": [{ "raise": "kaput" }] }))
        .job(
            "raised-midway",
            &json!({ "steps": [{ "item": 1 }, { "item": 2 }, { "raise": "größer\nkaput" }, { "item": 3 }] }),
        )
        .job(
            "progress",
            &json!({ "steps": [{ "item": 1 }, { "progress": { "at": 1 } }, { "item": 2 }, { "progress": "at 2" }] }),
        )
        .line(When::Progress("progress", 1))
        .line(When::Progress("progress", 2))
        .job("many", &items(&(0..50).map(Value::from).collect::<Vec<_>>()))
}

fn refreshed(name: &'static str, input: &Value) -> Case {
    Case::new(name, "stream-refresh")
        .job("last", input)
        .leaving(Leaving::ByItself, Leaving::ByItself)
}
