//! The output of a handler and the result that the platform gets: the outcome table in section 2 of protocol.md.

use serde_json::{Value, json};

use super::{announces_and_returns, raises, returns};
use crate::record::When;
use crate::script::{Answer, Case, Leaving};

pub(super) fn cases() -> Vec<Case> {
    vec![
        outcomes(Case::new("async function", "async")),
        outcomes(Case::new("plain function", "plain")),
        mock(),
        debugger(),
        checkpoints("checkpoints without the debugger", "timed"),
        refresh_keys(),
        refresh_key(),
        refresh_flag("refresh flag", &returns(&json!("last words"))),
        refresh_flag("refresh flag on a failure", &raises("kaput")),
        refresh_flag(
            "refresh flag and nothing returned",
            &json!({ "do": "nothing" }),
        ),
        refresh_flag(
            "refresh flag and an error returned",
            &returns(&json!({ "error": "told" })),
        ),
    ]
}

/// A worker that returns every kind of output.
fn outcomes(case: Case) -> Case {
    let values = [
        ("text", json!("hello")),
        ("empty-text", json!("")),
        ("number", json!(42)),
        ("zero", json!(0)),
        ("true", json!(true)),
        ("false", json!(false)),
        ("null", Value::Null),
        (
            "floats",
            json!([
                0.1,
                1.0,
                -0.0,
                1e-7,
                1e300,
                5e-324,
                123_456_789.123_456_79,
                1e16
            ]),
        ),
        ("integers", json!([i64::MIN, i64::MAX, u64::MAX])),
        ("list", json!([1, "two", [3], { "four": 5 }])),
        ("list-with-error", json!([{ "error": "of an item" }])),
        ("empty-list", json!([])),
        ("empty-object", json!({})),
        (
            "nested",
            json!({ "a": { "b": [{ "c": null }, { "error": "deep" }] }, "output": { "z": 1 } }),
        ),
        (
            "non-ascii",
            json!({ "größe": "日本語 🦀 \u{7f}\u{2028} \"\\\n" }),
        ),
        ("error", json!({ "error": "told" })),
        ("error-and-more", json!({ "error": "told", "partial": [1] })),
        (
            "error-object",
            json!({ "error": { "code": 7, "why": "because" } }),
        ),
        ("error-list", json!({ "error": ["a", "b"] })),
        ("error-number", json!({ "error": 5 })),
        ("error-empty", json!({ "error": "", "kept": 1 })),
        ("error-null", json!({ "error": null })),
        ("error-zero", json!({ "error": 0, "kept": 1 })),
        (
            "refresh-false",
            json!({ "refresh_worker": false, "kept": 1 }),
        ),
        ("refresh-null-alone", json!({ "refresh_worker": null })),
    ];
    let case = values
        .into_iter()
        .fold(case, |case, (id, value)| case.job(id, &returns(&value)));
    case.job("nothing", &json!({ "do": "nothing" }))
        .job("raised", &raises("kaput"))
        .job("raised-non-ascii", &raises("größer als ∞ \"quoted\"\nsecond line"))
        .job("large", &json!({ "do": "large", "characters": 2_000_000 }))
        .take(Answer::json(&json!({
            "id": "extra",
            "input": { "do": "job" },
            "webhook": "https://example.com/hook",
            "batchId": "batch-7",
            "policy": { "ttl": 1000 },
            "delayTime": 12.5,
        })))
        .until(When::Accepted("extra"))
        .take(Answer::json(&json!({ "id": "input-null", "input": null })))
        .until(When::Accepted("input-null"))
        // Python writes this value as `NaN`, which is not JSON.
        .job("not-a-number", &json!({ "do": "not a number" }))
        // The SDK posts nothing for this job.
        .take(Answer::json(
            &json!({ "id": "not-json", "input": { "do": "not json" } }),
        ))
        .until_ours(When::Accepted("not-json"))
        .take(Answer::json(&json!({ "id": "two words", "input": returns(&json!(1)) })))
        .until(When::Accepted("two%20words"))
        .job(
            "progress",
            &json!({ "do": "return", "value": "done",
                "progress": ["quarter", { "done": 0.5 }, 75, null, ["größer"], { "error": "no" }] }),
        )
        .line(When::Progress("progress", 1))
        .line(When::Progress("progress", 2))
        .line(When::Progress("progress", 3))
        .line(When::Progress("progress", 4))
        .line(When::Progress("progress", 5))
        .line(When::Progress("progress", 6))
        .job(
            "progress-then-raised",
            &json!({ "do": "raise", "message": "kaput", "progress": ["half"] }),
        )
        .line(When::Progress("progress-then-raised", 1))
}

/// The jobs of the SDK's own end-to-end suite, with shorter delays.
fn mock() -> Case {
    Case::new("mock", "mock")
        .job("basic", &json!({ "mock_return": "this worked!" }))
        .job(
            "delay",
            &json!({ "mock_return": "Delay test successful.", "mock_delay": 0.2 }),
        )
}

/// A handler with checkpoints. Each report contains only the sections of its own job.
fn checkpoints(name: &'static str, worker: &'static str) -> Case {
    Case::new(name, worker)
        .job("timed", &returns(&json!({ "a": 1 })))
        .job("timed-again", &returns(&json!({ "b": 2 })))
}

/// With the debugger, the SDK posts nothing for a failed job or an output that is not an object.
fn debugger() -> Case {
    checkpoints("debugger", "timed --rp_debugger")
        .take(Answer::json(
            &json!({ "id": "timed-failure", "input": raises("kaput") }),
        ))
        .until_ours(When::Accepted("timed-failure"))
        .take(Answer::json(
            &json!({ "id": "timed-list", "input": returns(&json!([1])) }),
        ))
        .until_ours(When::Accepted("timed-list"))
}

/// All jobs are in one answer, because our worker takes no more jobs after the first of them.
fn refresh_keys() -> Case {
    let plain = json!({ "refresh_worker": true, "kept": 1 });
    Case::new("refresh keys", "four")
        .jobs([
            ("refresh-and-more", returns(&plain)),
            ("refresh-alone", returns(&json!({ "refresh_worker": true }))),
            ("refresh-text", returns(&json!({ "refresh_worker": "yes" }))),
            (
                "refresh-and-error",
                returns(&json!({ "refresh_worker": 1, "error": "told" })),
            ),
        ])
        .until(When::Accepted("refresh-and-more"))
        .until(When::Accepted("refresh-alone"))
        .until(When::Accepted("refresh-text"))
        .until(When::Accepted("refresh-and-error"))
        .leaving(Leaving::Terminated, Leaving::ByItself)
}

fn refresh_key() -> Case {
    Case::new("refresh key", "async")
        .job(
            "refreshed",
            &announces_and_returns(&json!({ "refresh_worker": true })),
        )
        .line(When::Progress("refreshed", 1))
        .leaving(Leaving::Terminated, Leaving::ByItself)
}

fn refresh_flag(name: &'static str, input: &Value) -> Case {
    Case::new(name, "refresh")
        .job("last", input)
        .leaving(Leaving::ByItself, Leaving::ByItself)
}
