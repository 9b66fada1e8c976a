//! The plan in a job's input, which tells a handler what to do.

use std::collections::HashMap;

use runpod::Job;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The input of a job.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The progress updates, which are sent first, one after another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) progress: Vec<Value>,
    /// Whether to wait for a line before the task, without an announcement before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) wait: bool,
    #[serde(flatten)]
    pub(crate) task: Task,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub(crate) enum Task {
    Return {
        value: Value,
    },
    Nothing,
    Raise {
        message: String,
    },
    /// Returns the job itself.
    Job,
    Large {
        characters: usize,
    },
    #[serde(rename = "not a number")]
    NotANumber,
    #[serde(rename = "not json")]
    NotJson,
    /// Announces that the handler has started, and never ends.
    Hang,
}

/// The output of a handler.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Reply {
    Json(Value),
    Text(String),
    Number(f64),
    Nothing,
    /// A map whose keys are not strings, so it cannot be written as a JSON object.
    Pairs(HashMap<(u8, u8), u8>),
}

/// Returns the handler's output after all waiting.
pub(crate) fn reply(job: Job<Plan>) -> Result<Reply, String> {
    match job.input.task {
        Task::Return { value } => Ok(Reply::Json(value)),
        Task::Nothing => Ok(Reply::Nothing),
        Task::Raise { message } => Err(message),
        Task::Job => Ok(Reply::Json(whole(job))),
        Task::Large { characters } => Ok(Reply::Text("x".repeat(characters))),
        Task::NotANumber => Ok(Reply::Number(f64::NAN)),
        Task::NotJson => Ok(Reply::Pairs(HashMap::from([((1, 2), 3)]))),
        Task::Hang => Err("only an async function can be stopped".into()),
    }
}

/// Returns the job with every key that it came with.
fn whole(job: Job<Plan>) -> Value {
    let mut whole = job.extra;
    whole.insert("id".into(), job.id.into());
    whole.insert("input".into(), json!(job.input));
    if let Some(webhook) = job.webhook {
        whole.insert("webhook".into(), webhook.into());
    }
    whole.into()
}
