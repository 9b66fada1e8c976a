//! The cases that both workers play. Each case starts one process of each worker. Each job is one row.

mod lives;
mod posts;
mod returned;
mod streamed;
mod taken;

use serde_json::{Value, json};

use crate::script::Case;

/// Returns every case. The cases that take longest come first.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = returned::cases();
    cases.extend(taken::cases());
    cases.extend(posts::cases());
    cases.extend(streamed::cases());
    cases.extend(lives::cases());
    cases
}

/// The input of a job whose handler returns this value.
fn returns(value: &Value) -> Value {
    json!({ "do": "return", "value": value })
}

/// The input of a job whose handler returns this value after a progress update and a line from the suite.
fn announces_and_returns(value: &Value) -> Value {
    json!({ "do": "return", "value": value, "progress": ["started"] })
}

/// The input of a job whose handler returns this value after a line from the suite, without a progress update.
fn waits_and_returns(value: &Value) -> Value {
    json!({ "do": "return", "value": value, "wait": true })
}

/// The input of a job whose handler fails.
fn raises(message: &str) -> Value {
    json!({ "do": "raise", "message": message })
}
