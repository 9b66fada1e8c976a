//! The answers that are errors.

use serde_json::{Map, Value, json};

use super::reference::reference;
use crate::settings::Limits;

/// Status, name and meaning.
const ERRORS: [(&str, &str, &str); 11] = [
    (
        "400",
        "BadRequest",
        "The request cannot be understood; the error says what in it, and what was expected.",
    ),
    (
        "401",
        "Unauthorized",
        "The API key is missing or another one.",
    ),
    ("403", "Forbidden", "A web page of another origin asked."),
    (
        "404",
        "NotFound",
        "There is no such job: it never was, or its result has expired.",
    ),
    (
        "408",
        "RequestTimeout",
        "The body stopped coming for 30 seconds.",
    ),
    (
        "409",
        "Conflict",
        "The job is in a state in which this cannot be done.",
    ),
    (
        "413",
        "PayloadTooLarge",
        "The body is larger than the operation accepts.",
    ),
    (
        "415",
        "UnsupportedMediaType",
        "The body is not JSON by its Content-Type, or it is compressed.",
    ),
    (
        "421",
        "MisdirectedRequest",
        "The Host header names another machine than this one.",
    ),
    ("429", "TooManyRequests", ""),
    (
        "501",
        "NotImplemented",
        "The request uses a feature of Runpod that this endpoint does not have, such as ?ttl=.",
    ),
];

/// For `components`.
pub(super) fn responses(rate_limits: bool, limits: &Limits) -> Map<String, Value> {
    let rates = if rate_limits {
        "The error also means that a rate limit of Runpod was exceeded."
    } else {
        "Runpod's rate limits are not enforced."
    };
    let too_many = format!(
        "The queue is full: at most {} jobs may wait, and the endpoint holds at most {} bytes of inputs and outputs. {rates}",
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
                        "description": "When a request may succeed again, in seconds.",
                        "schema": { "type": "integer", "minimum": 1 },
                    }
                });
            }
            (name.to_owned(), response)
        })
        .collect()
}

/// The errors of an operation beside those that each one has.
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
