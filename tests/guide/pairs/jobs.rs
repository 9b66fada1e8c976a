//! What each pair is asked to do.

use serde_json::{Value, json};

/// The inputs of jobs that are submitted at the same time, under the heading of their pair.
pub(crate) fn jobs() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        (
            "A value",
            vec![json!({ "name": "Ada" }), json!({ "name": "Gödel \"K\"" })],
        ),
        ("An async handler", vec![json!({ "pause_ms": 20 })]),
        (
            "A model that is loaded once",
            vec![json!({ "text": "a fine day" }), json!({ "text": "sad" })],
        ),
        (
            "A generator",
            vec![json!({ "text": "to be or" }), json!({ "text": "" })],
        ),
        (
            "An async generator, and all of it at the end",
            vec![json!({ "to": 3 }), json!({ "to": 0 })],
        ),
        // One job: whoever does it takes no other.
        (
            "A fresh worker after every job",
            vec![json!({ "text": "to be" })],
        ),
        (
            "A fresh worker after this job",
            vec![json!({ "size": 2000 })],
        ),
        // One update: how many of several arrive, and when, is the SDK's threads' affair.
        ("Progress", vec![json!({ "epochs": 1 })]),
        (
            "Several jobs at once",
            (0..4).map(|_| json!({ "people": 4 })).collect(),
        ),
        (
            "An error that is returned",
            vec![json!({ "prompt": "" }), json!({ "prompt": "be" })],
        ),
        (
            "An error that is raised",
            vec![json!({ "number": -4 }), json!({ "number": 4 })],
        ),
    ]
}
