//! The worker's description for the page and `/openapi.json`: its own `--schema`, and the job in `test_input.json`.

use std::path::Path;

use runpod_local::HandlerInfo;
use serde::Deserialize;
use serde_json::Value;

use super::program::Program;
use super::{asked, say};

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Described {
    pub(super) handlers: Vec<HandlerInfo>,
    pub(super) route: Option<String>,
    pub(super) examples: Vec<Value>,
}

/// The output of `--schema`.
#[derive(Debug, Deserialize)]
struct Document {
    route: Option<String>,
    handlers: Vec<Handler>,
}

#[derive(Debug, Deserialize)]
struct Handler {
    name: String,
    input: Option<Value>,
    #[serde(alias = "item")]
    output: Option<Value>,
    chat_model: Option<String>,
}

impl Described {
    /// Describes a program. The schema is missing if `ended` resolves first. In every case no process is left.
    pub(super) async fn of(program: &Program, folder: &Path, ended: impl Future) -> Self {
        let document = schema(program, ended).await;
        let mut described = document.map_or_else(Self::default, Self::from);
        described.examples.extend(example(folder));
        described
    }
}

impl From<Document> for Described {
    fn from(document: Document) -> Self {
        let handlers = document.handlers.into_iter().map(|handler| HandlerInfo {
            name: handler.name,
            input: handler.input,
            output: handler.output,
            chat_model: handler.chat_model,
        });
        Self {
            handlers: handlers.collect(),
            route: document.route,
            examples: Vec::new(),
        }
    }
}

/// Returns the schemas, or `None` if the worker has none because the feature `schema` is off.
async fn schema(program: &Program, ended: impl Future) -> Option<Document> {
    let answer = asked::of(program, "--schema", ended).await?;
    answer
        .is_success
        .then(|| serde_json::from_slice(&answer.text).ok())
        .flatten()
}

fn example(folder: &Path) -> Option<Value> {
    let text = std::fs::read(folder.join("test_input.json")).ok()?;
    match serde_json::from_slice::<Value>(&text) {
        Ok(job) if job.get("input").is_some() => Some(job),
        Ok(_) => {
            say::fault(
                "test_input.json: the job has no `input`; expected a job such as {\"input\": {\"name\": \"Ada\"}}",
            );
            None
        }
        Err(error) => {
            say::fault(&format!("test_input.json is not valid JSON: {error}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_that_streams_describes_its_items() {
        let text = r#"{"route": "task", "handlers": [
            {"name": "a", "kind": "async", "input": {"type": "object"}, "output": null},
            {"name": "b", "kind": "stream", "input": true, "item": {"type": "string"}, "chat_model": "m"}
        ]}"#;
        let document: Document = serde_json::from_str(text).expect("the text is a schema document");
        let described = Described::from(document);
        assert_eq!(described.route.as_deref(), Some("task"));
        let outputs: Vec<_> = described.handlers.iter().map(|it| &it.output).collect();
        assert_eq!(
            outputs,
            [&None, &Some(serde_json::json!({ "type": "string" }))]
        );
        assert_eq!(described.handlers[1].chat_model.as_deref(), Some("m"));
    }
}
