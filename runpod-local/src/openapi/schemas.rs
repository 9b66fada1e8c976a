//! The schemas that do not depend on the worker.

use serde_json::{Map, Value, json};

use super::handlers::HandlerSchemas;
use super::reference::reference;
use crate::public_api::{EXECUTION_TIMEOUT, TTL};
use crate::queue::{ReadyState, ms};
use crate::settings::{Limits, Timing};

pub(super) fn all(
    handlers: &HandlerSchemas,
    limits: &Limits,
    timing: &Timing,
) -> Map<String, Value> {
    let schemas = [
        ("Error", error()),
        ("Health", health()),
        ("Job", job(handlers)),
        ("Policy", policy(timing)),
        ("Purged", purged()),
        ("Status", status()),
        ("Streamed", streamed(handlers, limits)),
        ("Submission", submission(handlers)),
        ("Submitted", submitted()),
    ];
    schemas
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": { "type": "string", "description": "Says what is wrong, where, and what to do." }
        },
    })
}

fn status() -> Value {
    json!({
        "type": "string",
        "enum": ["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"],
    })
}

fn submission(handlers: &HandlerSchemas) -> Value {
    json!({
        "type": "object",
        "required": ["input"],
        "properties": {
            "input": handlers.input(),
            "policy": { "anyOf": [reference("schemas", "Policy"), { "type": "null" }] },
            "webhook": {
                "type": ["string", "null"],
                "pattern": WEBHOOK,
                "description": "The address that receives the result by POST when the job has finished. It begins with http:// or \
                    https://."
            },
            "s3Config": { "description": "Passed to the worker unchanged." },
        },
        "additionalProperties": { "description": "Passed to the worker unchanged." },
    })
}

/// Matches a host name or address, a port and a path. The endpoint accepts every address that matches. The last label
/// of a host name must not begin with a digit; otherwise URL parsers would read the host as an IPv4 address.
const WEBHOOK: &str = concat!(
    "^https?://",
    "(([A-Za-z0-9_-]+[.])*[A-Za-z][A-Za-z0-9_-]*",
    "|((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])[.]){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9]))",
    "(:([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?",
    "([/?#][!-~]*)?$"
);

fn policy(timing: &Timing) -> Value {
    json!({
        "type": "object",
        "properties": {
            "executionTimeout": {
                "type": ["integer", "null"],
                "minimum": EXECUTION_TIMEOUT.start(),
                "maximum": EXECUTION_TIMEOUT.end(),
                "default": ms(timing.execution_timeout),
                "description": "How long the job may run, in ms. After that, it is TIMED_OUT.",
            },
            "ttl": {
                "type": ["integer", "null"],
                "minimum": TTL.start(),
                "maximum": TTL.end(),
                "default": ms(timing.ttl),
                "description": "How long the job may exist after its submission, in ms. After that, a queued job is TIMED_OUT, and a \
                    running job is removed.",
            },
            "lowPriority": {
                "type": ["boolean", "null"],
                "default": false,
                "description": "On Runpod, the endpoint starts no workers for such a job. The order of the queue does not change.",
            },
        },
    })
}

fn submitted() -> Value {
    json!({
        "type": "object",
        "required": ["id", "status"],
        "properties": {
            "id": { "type": "string" },
            "status": { "const": "IN_QUEUE" },
        },
    })
}

fn job(handlers: &HandlerSchemas) -> Value {
    json!({
        "type": "object",
        "required": ["id", "status"],
        "properties": {
            "id": { "type": "string" },
            "status": reference("schemas", "Status"),
            "delayTime": {
                "type": "integer",
                "minimum": 0,
                "description": "The time from the submission to the start, in ms.",
            },
            "executionTime": {
                "type": "integer",
                "minimum": 0,
                "description": "The time from the start to the end, in ms.",
            },
            "output": handlers.output(),
            "error": { "description": "The reason why the job failed, as the worker reported it; usually a text." },
            "workerId": { "type": "string" },
            "retries": {
                "type": "integer",
                "minimum": 1,
                "description": "How often the job went back to the queue. Absent if it never did.",
            },
        },
    })
}

fn streamed(handlers: &HandlerSchemas, limits: &Limits) -> Value {
    json!({
        "type": "object",
        "required": ["id", "status", "stream"],
        "properties": {
            "id": { "type": "string" },
            "status": reference("schemas", "Status"),
            "stream": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["output"],
                    "properties": { "output": handlers.item(limits.stream_item) },
                },
            },
        },
    })
}

fn purged() -> Value {
    json!({
        "type": "object",
        "required": ["removed", "status"],
        "properties": {
            "removed": { "type": "integer", "minimum": 0 },
            "status": { "const": "completed" },
        },
    })
}

fn health() -> Value {
    json!({
        "type": "object",
        "required": ["jobs", "workers"],
        "properties": {
            "jobs": counts(&["completed", "failed", "inProgress", "inQueue", "retried"]),
            "workers": counts(&[
                "idle",
                "initializing",
                "ready",
                "running",
                "throttled",
                "unhealthy",
            ]),
            "local": readiness(),
        },
    })
}

fn readiness() -> Value {
    json!({
        "type": "object",
        "required": ["state"],
        "description": "Whether a worker takes jobs and, if none does, the reason. Runpod does not have this field.",
        "properties": {
            "state": { "type": "string", "enum": ReadyState::ALL },
            "reason": { "type": "string", "description": "One line for people." },
        },
    })
}

fn counts(names: &[&str]) -> Value {
    let properties: Map<_, _> = names
        .iter()
        .map(|&name| (name.to_owned(), json!({ "type": "integer", "minimum": 0 })))
        .collect();
    json!({ "type": "object", "required": names, "properties": properties })
}
