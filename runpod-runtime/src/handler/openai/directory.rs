//! Finds the handler for a job with a route, and answers jobs that need no handler.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::job_request::unknown_model;
use super::text_answer::now;
use crate::handler::failure::Failure;
use crate::handler::form::ItemForm as _;
use crate::handler::invocation::Invocation;
use crate::handler::job::TakenJob;
use crate::handler::output::Payload;
use crate::handler::registration::{FunctionId, Kind};
use crate::handler::registry::Handler;
use crate::openai::{ApiError, ApiErrorKind, Route};

use super::text_answer::TextAnswer;

/// The handlers with the option `openai`.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    handlers: Vec<Arc<Handler>>,
    created: u64,
}

/// The keys of an input that decide which handler it needs. Everything else is skipped.
#[derive(Deserialize)]
struct Keys<'a> {
    #[serde(borrow, rename = "openai_route")]
    route: Option<&'a RawValue>,
    #[serde(borrow, rename = "openai_input")]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// The keys of a request that decide which handler it needs.
#[derive(Deserialize, Default)]
#[serde(default)]
struct BodyKeys {
    model: Value,
    stream: Value,
}

impl Directory {
    pub(in crate::handler) fn new(handlers: Vec<Arc<Handler>>) -> Self {
        Self {
            handlers,
            created: now(),
        }
    }

    pub(in crate::handler) fn handlers(&self) -> impl Iterator<Item = &Arc<Handler>> {
        self.handlers.iter()
    }

    /// Returns the handler of a job with a route. Returns `None` if the job has no route and `or_native` is false.
    pub(in crate::handler) fn find(&self, job: &TakenJob, or_native: bool) -> Option<Arc<Handler>> {
        let keys: Option<Keys<'_>> = serde_json::from_str(job.input.get()).ok();
        let Some(route) = keys.as_ref().and_then(|keys| keys.route) else {
            return or_native.then(|| self.native(keys.as_ref()));
        };
        let path: String = serde_json::from_str(route.get()).unwrap_or_default();
        let body = keys.and_then(|keys| keys.body);
        let body: BodyKeys = body
            .and_then(|body| serde_json::from_str(body.get()).ok())
            .unwrap_or_default();
        Some(self.of_route(&path, &body))
    }

    fn of_route(&self, path: &str, body: &BodyKeys) -> Arc<Handler> {
        let path = path.split('?').next().unwrap_or_default();
        let trimmed = path.strip_prefix("/v1").unwrap_or(path);
        if let Some(name) = trimmed.trim_end_matches('/').strip_prefix("/models")
            && (name.is_empty() || name.starts_with('/'))
        {
            return reply(
                self.models(name.trim_start_matches('/')),
                Route::Embeddings,
                false,
            );
        }
        let streams = body.stream == Value::Bool(true);
        let model = body.model.as_str().filter(|name| !name.is_empty());
        let Some(route) = Route::of_path(path) else {
            let error = self.unknown_route(path);
            return reply(Err(error), Route::ChatCompletions, streams);
        };
        let serving: Vec<_> = self.serving(route).collect();
        let named = match model {
            None => serving.first(),
            Some(name) => serving.iter().find(|handler| handler.model() == Some(name)),
        };
        match (named, model) {
            (Some(handler), _) => Arc::clone(handler),
            (None, Some(name)) if !serving.is_empty() => {
                let served: Vec<_> = serving.iter().filter_map(|it| it.model()).collect();
                reply(Err(unknown_model(name, &served)), route, streams)
            }
            (None, _) => reply(Err(self.unknown_route(path)), route, streams),
        }
    }

    fn serving(&self, route: Route) -> impl Iterator<Item = &Arc<Handler>> {
        self.handlers
            .iter()
            .filter(move |handler| handler.route() == Some(route))
    }

    /// Returns the handler for an input in the native form.
    fn native(&self, keys: Option<&Keys<'_>>) -> Arc<Handler> {
        let wanted = match keys {
            Some(keys) if keys.messages.is_some() => Route::ChatCompletions,
            Some(keys) if keys.input.is_some() => Route::Embeddings,
            _ => Route::Completions,
        };
        let handler = self
            .serving(wanted)
            .next()
            // A prompt can also be the only message of a chat.
            .or_else(|| self.serving(Route::ChatCompletions).next())
            .or_else(|| self.handlers.first());
        match handler {
            Some(handler) => Arc::clone(handler),
            None => reply(Err(self.unknown_route("")), wanted, false),
        }
    }

    fn unknown_route(&self, path: &str) -> ApiError {
        let served = Route::ALL
            .into_iter()
            .filter(|route| self.serving(*route).next().is_some());
        let paths: Vec<_> = served.map(Route::path).collect();
        let path = crate::text::both_ends_of(path, 100);
        ApiError::new(
            ApiErrorKind::NotFound,
            format!(
                "nothing is served at {path:?}; this worker serves {} and /v1/models",
                paths.join(", ")
            ),
        )
    }

    fn models(&self, name: &str) -> Result<serde_json::Value, ApiError> {
        let mut names: Vec<_> = self.handlers.iter().filter_map(|it| it.model()).collect();
        names.sort_unstable();
        names.dedup();
        let model = |name: &str| json!({ "id": name, "object": "model", "created": self.created, "owned_by": "runpod" });
        if name.is_empty() {
            let models: Vec<_> = names.into_iter().map(model).collect();
            return Ok(json!({ "object": "list", "data": models }));
        }
        // The names of models may contain slashes, which clients encode.
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        if names.contains(&&*name) {
            Ok(model(&name))
        } else {
            Err(unknown_model(&name, &names))
        }
    }
}

/// Creates a handler that answers with this value or error.
fn reply(answer: Result<serde_json::Value, ApiError>, route: Route, streams: bool) -> Arc<Handler> {
    struct Reply;

    let streams = streams && answer.is_err();
    Arc::new(Handler {
        name: "openai".to_owned(),
        place: None,
        id: FunctionId::of_type::<Reply>(),
        kind: if streams { Kind::Stream } else { Kind::Async },
        arguments: Vec::new(),
        schemas: None,
        batcher: None,
        openai: None,
        is_reply: true,
        call: Arc::new(move |_| {
            let answer = answer.clone();
            if streams && let Err(error) = &answer {
                let failure = Failure::of_api_error(error);
                let form = TextAnswer::refused(route, "", true);
                let frames = form.end(Some(&failure)).unwrap_or_default();
                return Ok(Invocation::items(frames));
            }
            let value = answer.unwrap_or_else(|error| error.flat());
            Ok(Invocation::future(async move { Payload::of(&value) }))
        }),
    })
}
