//! The shapes that are the same for every worker.

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
            "error": { "type": "string", "description": "What was wrong, where, and what to do." }
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
                "description": "Gets the result by POST when the job has ended: an address that begins with http:// or \
                    https://."
            },
            "s3Config": { "description": "Handed to the worker as it is." },
        },
        "additionalProperties": { "description": "Handed to the worker as it is." },
    })
}

/// A host by name or address, a port, a path. Whatever fits is an address to the endpoint too; a last label that begins
/// with a digit would be read as a part of an IPv4 address.
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
                "description": "How long the job may run, in ms; then it is TIMED_OUT.",
            },
            "ttl": {
                "type": ["integer", "null"],
                "minimum": TTL.start(),
                "maximum": TTL.end(),
                "default": ms(timing.ttl),
                "description": "How long the job may exist from its submission, in ms; then it is TIMED_OUT if it waits, and \
                    removed if it runs.",
            },
            "lowPriority": {
                "type": ["boolean", "null"],
                "default": false,
                "description": "On Runpod, such a job does not make the endpoint start workers; the order of the queue stays as it is.",
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
                "description": "From submission to the start, in ms.",
            },
            "executionTime": {
                "type": "integer",
                "minimum": 0,
                "description": "From the start to the end, in ms.",
            },
            "output": handlers.output(),
            "error": { "description": "Why the job failed, as its worker said it; mostly a text." },
            "workerId": { "type": "string" },
            "retries": {
                "type": "integer",
                "minimum": 1,
                "description": "How often the job went back to the queue; absent if it never did.",
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
        "description": "Whether a worker takes jobs, and if none does, why. Runpod has nothing like it.",
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
