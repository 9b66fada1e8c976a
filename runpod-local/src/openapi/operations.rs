//! The paths of the API and their operations.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::errors;
use super::reference::{reference, references};
use crate::context::Description;
use crate::public_api::WAIT;
use crate::queue::ms;
use crate::settings::{Limits, Timing};
use crate::text::bytes;

/// The successful answer of an operation.
struct Success<'a> {
    meaning: &'a str,
    schema: &'a str,
    /// Whether the answer contains a job's id that other operations can use.
    linked: bool,
}

pub(super) fn paths(description: &Description, limits: &Limits, timing: &Timing) -> Value {
    let paths = Paths {
        description,
        timing,
    };
    let streamed = format!(
        "The items since the last call. If there are none, the answer is held back for up to {}. A final status comes with the \
         last items. Only the newest {} items of a job are kept, and at most {}.",
        seconds(timing.stream_hold),
        limits.stream_items_kept,
        bytes(limits.stream_bytes_kept),
    );
    json!({
        "/run": { "post": paths.run(limits.run_body) },
        "/runsync": {
            "parameters": [reference("parameters", "wait")],
            "post": paths.runsync(limits.runsync_body),
        },
        "/status/{id}": paths.of_a_job(&["get", "post"], "Status", "Get the status and result of a job", &["404", "429", "501"], &Success {
                meaning: "The current state of the job. While it runs, `output` is its newest progress update.",
            schema: "Job",
            linked: false,
        }),
        "/status-sync/{id}": paths.waiting_for_a_job(),
        "/stream/{id}": paths.of_a_job(&["get", "post"], "Stream", "Get the items that a job has streamed since the last call", &["404", "429", "501"], &Success {
            meaning: &streamed,
            schema: "Streamed",
            linked: false,
        }),
        "/cancel/{id}": paths.of_a_job(&["post"], "Cancel", "Cancel a queued or running job", &["404", "429"], &Success {
                meaning: "The job is CANCELLED, or had already finished.",
            schema: "Job",
            linked: false,
        }),
        "/retry/{id}": paths.of_a_job(&["post"], "Retry", "Queue a FAILED or TIMED_OUT job again", &["404", "409", "429"], &Success {
            meaning: "The job is in the queue again, with the same id.",
            schema: "Submitted",
            linked: true,
        }),
        "/purge-queue": { "post": paths.operation("purgeQueue", "queue", "Cancel all queued jobs", &["429"], &Success {
            meaning: "The number of cancelled jobs.",
            schema: "Purged",
            linked: false,
        }) },
        "/health": { "get": paths.operation("health", "queue", "Count jobs and workers", &[], &Success {
                meaning: "The numbers of jobs and workers.",
            schema: "Health",
            linked: false,
        }) },
    })
}

pub(super) fn parameters(timing: &Timing) -> Value {
    json!({
        "id": {
            "name": "id",
            "in": "path",
            "required": true,
            "description": "The id of a job, as returned by /run.",
            "schema": { "type": "string", "minLength": 1 },
        },
        "wait": {
            "name": "wait",
            "in": "query",
            "description": "How long to wait for the job to finish, in milliseconds. After that, the answer has the job's current state.",
            "schema": { "type": "integer", "minimum": WAIT.start(), "maximum": WAIT.end(), "default": ms(timing.sync_wait) },
        },
    })
}

const LINKS: [&str; 4] = ["getStatus", "getStatusSync", "getStream", "postCancel"];

/// Returns the links from an answer with a job's id to the operations on that job.
pub(super) fn links() -> Map<String, Value> {
    LINKS
        .into_iter()
        .map(|operation| {
            let link = json!({
                "operationId": operation,
                "parameters": { "id": "$response.body#/id" },
            });
            (operation.to_owned(), link)
        })
        .collect()
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

struct Paths<'a> {
    description: &'a Description,
    timing: &'a Timing,
}

impl Paths<'_> {
    fn run(&self, limit: usize) -> Value {
        let meaning = format!(
            "The job is in the queue. Its result is kept for {} after the job has finished.",
            seconds(self.timing.run_retention)
        );
        let success = Success {
            meaning: &meaning,
            schema: "Submitted",
            linked: true,
        };
        let summary = "Submit a job and get its result later";
        self.submission("run", summary, limit, &success)
    }

    fn runsync(&self, limit: usize) -> Value {
        let meaning = self.meaning_of_waiting();
        let success = Success {
            meaning: &meaning,
            schema: "Job",
            linked: true,
        };
        self.submission(
            "runsync",
            "Submit a job and wait for its result",
            limit,
            &success,
        )
    }

    fn meaning_of_waiting(&self) -> String {
        format!(
            "The finished job, or its current state when the waiting time is over. The result is kept for {} after the job has finished.",
            seconds(self.timing.runsync_retention)
        )
    }

    fn submission(&self, id: &str, summary: &str, limit: usize, success: &Success<'_>) -> Value {
        let errors = ["408", "413", "415", "429", "501"];
        let mut operation = self.operation(id, "jobs", summary, &errors, success);
        let mut content = json!({ "schema": reference("schemas", "Submission") });
        let examples: Map<_, _> = (1_u32..)
            .zip(&self.description.examples)
            .map(|(number, example)| (format!("example-{number}"), json!({ "value": example })))
            .collect();
        if !examples.is_empty() {
            content["examples"] = examples.into();
        }
        operation["requestBody"] = json!({
            "required": true,
            "description": format!("At most {}.", bytes(limit)),
            "content": { "application/json": content },
        });
        operation
    }

    fn waiting_for_a_job(&self) -> Value {
        let meaning = self.meaning_of_waiting();
        let success = Success {
            meaning: &meaning,
            schema: "Job",
            linked: false,
        };
        let summary = "Wait for the result of a job";
        let mut path = self.of_a_job(
            &["get", "post"],
            "StatusSync",
            summary,
            &["404", "429", "501"],
            &success,
        );
        path["parameters"] = json!([
            reference("parameters", "id"),
            reference("parameters", "wait")
        ]);
        path
    }

    /// Returns a path with a job's id in it. All `methods` do the same.
    fn of_a_job(
        &self,
        methods: &[&str],
        name: &str,
        summary: &str,
        errors: &[&str],
        success: &Success<'_>,
    ) -> Value {
        let mut path = json!({ "parameters": [reference("parameters", "id")] });
        for method in methods {
            path[*method] =
                self.operation(&format!("{method}{name}"), "jobs", summary, errors, success);
        }
        path
    }

    fn operation(
        &self,
        id: &str,
        tag: &str,
        summary: &str,
        errors: &[&str],
        success: &Success<'_>,
    ) -> Value {
        let mut responses = errors::of(errors, self.description.has_api_key);
        let mut answer = json!({
            "description": success.meaning,
            "content": {
                "application/json": { "schema": reference("schemas", success.schema) }
            },
        });
        if success.linked {
            answer["links"] = references("links", LINKS.map(|name| (name, name))).into();
        }
        responses.insert("200".to_owned(), answer);
        json!({
            "operationId": id,
            "tags": [tag],
            "summary": summary,
            "responses": responses,
        })
    }
}
