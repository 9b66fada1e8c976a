//! The error answers.

use serde_json::{Map, Value, json};

use super::reference::reference;
use crate::settings::Limits;

/// Status, name and description of each error.
const ERRORS: [(&str, &str, &str); 11] = [
    (
        "400",
        "BadRequest",
        "The request is not valid. The error names the wrong part and what was expected.",
    ),
    ("401", "Unauthorized", "The API key is missing or wrong."),
    (
        "403",
        "Forbidden",
        "The request comes from a web page of another origin.",
    ),
    (
        "404",
        "NotFound",
        "There is no such job: it never existed, or its result has expired.",
    ),
    (
        "408",
        "RequestTimeout",
        "The client sent nothing more of the body for 30 seconds.",
    ),
    (
        "409",
        "Conflict",
        "The job's state does not allow this operation.",
    ),
    (
        "413",
        "PayloadTooLarge",
        "The body is larger than the operation accepts.",
    ),
    (
        "415",
        "UnsupportedMediaType",
        "The Content-Type of the body is not JSON, or the body is compressed.",
    ),
    (
        "421",
        "MisdirectedRequest",
        "The Host header names another machine.",
    ),
    ("429", "TooManyRequests", ""),
    (
        "501",
        "NotImplemented",
        "The request uses a feature of Runpod that this endpoint does not have, such as ?ttl=.",
    ),
];

/// Returns the error answers for `components`.
pub(super) fn responses(rate_limits: bool, limits: &Limits) -> Map<String, Value> {
    let rates = if rate_limits {
        "The error also means that one of Runpod's rate limits was exceeded."
    } else {
        "Runpod's rate limits are not enforced."
    };
    let too_many = format!(
        "The queue is full: at most {} jobs may wait, and the endpoint stores at most {} bytes of inputs and outputs. {rates}",
        limits.queued_jobs, limits.held_bytes
    );
    ERRORS
        .into_iter()
        .map(|(status, name, meaning)| {
            let mut response = json!({
                "description": if status == "429" { &too_many } else { meaning },
                "content": {
                    "application/json": { "schema": reference("schemas", "Error") }
                },
            });
            if status == "429" {
                response["headers"] = json!({
                    "Retry-After": {
                        "description": "The number of seconds after which a request may succeed.",
                        "schema": { "type": "integer", "minimum": 1 },
                    }
                });
            }
            (name.to_owned(), response)
        })
        .collect()
}

/// Returns the errors of an operation: its own, and those that all operations have.
pub(super) fn of(own: &[&str], has_api_key: bool) -> Map<String, Value> {
    ERRORS
        .into_iter()
        .filter(|(status, ..)| match *status {
            "400" | "403" | "421" => true,
            "401" => has_api_key,
            status => own.contains(&status),
        })
        .map(|(status, name, _)| (status.to_owned(), reference("responses", name)))
        .collect()
}
