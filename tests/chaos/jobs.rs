//! The jobs and their plans.

use serde::Serialize;
use serde_json::{Value, json};

/// A job in the queue.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) plan: Plan,
}

/// The input of a job: what its handler does.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Plan {
    pub(crate) ms: u64,
    pub(crate) items: u64,
    pub(crate) progress: u64,
    pub(crate) size: usize,
    pub(crate) gate: bool,
    pub(crate) end: End,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum End {
    #[default]
    Value,
    Error,
    Panic,
    Refresh,
    Hang,
    Block,
}

impl Job {
    pub(crate) fn new(id: impl Into<String>, plan: Plan) -> Self {
        let id = id.into();
        Self { id, plan }
    }

    pub(crate) fn as_json(&self) -> Value {
        json!({ "id": self.id, "input": self.plan })
    }
}

/// Returns `count` jobs, each with the plan for its number.
pub(crate) fn jobs(count: usize, plan: impl Fn(usize) -> Plan) -> Vec<Job> {
    (0..count)
        .map(|number| Job::new(format!("job-{number:05}"), plan(number)))
        .collect()
}
