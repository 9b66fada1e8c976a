//! The jobs for each pair.

use serde_json::{Value, json};

/// Returns the inputs for each pair, by the pair's heading. The jobs of a pair are submitted at the same time.
pub(crate) fn jobs() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        (
            "Return a value",
            vec![json!({ "name": "Ada" }), json!({ "name": "Gödel \"K\"" })],
        ),
        ("Use an async handler", vec![json!({ "pause_ms": 20 })]),
        (
            "Load a model once",
            vec![json!({ "text": "a fine day" }), json!({ "text": "sad" })],
        ),
        (
            "Stream from a generator",
            vec![json!({ "text": "to be or" }), json!({ "text": "" })],
        ),
        (
            "Stream and return all items at the end",
            vec![json!({ "to": 3 }), json!({ "to": 0 })],
        ),
        // There is one job, because the worker takes no other job after it.
        (
            "Refresh the worker after every job",
            vec![json!({ "text": "to be" })],
        ),
        (
            "Refresh the worker after one job",
            vec![json!({ "size": 2000 })],
        ),
        // There is one update, because the number and the order of several updates would depend on the SDK's threads.
        ("Report progress", vec![json!({ "epochs": 1 })]),
        (
            "Run several jobs at once",
            (0..4).map(|_| json!({ "people": 4 })).collect(),
        ),
        (
            "Return an error",
            vec![json!({ "prompt": "" }), json!({ "prompt": "be" })],
        ),
        (
            "Raise an error",
            vec![json!({ "number": -4 }), json!({ "number": 4 })],
        ),
    ]
}
