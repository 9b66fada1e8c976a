//! The request in a job's input: as the platform wraps the calls of `OpenAI` clients, or in the native form of
//! language-model workers.

use serde_json::{Map, Value};

use crate::handler::job::TakenJob;
use crate::openai::{
    ApiError, ApiErrorKind, ChatRequest, CompletionRequest, EmbeddingRequest, Endpoint, Route,
};

/// The key of the input that names the route.
pub(super) const ROUTE: &str = "openai_route";
/// The key of the input with the body of the client's request.
pub(super) const INPUT: &str = "openai_input";

/// A valid request.
#[derive(Debug)]
pub(crate) enum Parsed {
    Chat(ChatRequest),
    Completion(CompletionRequest),
    Embedding(EmbeddingRequest),
}

/// A request with the facts that the answer's form depends on.
#[derive(Debug)]
pub(super) struct JobRequest {
    pub(super) parsed: Parsed,
    /// Whether the job came from an `OpenAI` client.
    pub(super) is_openai: bool,
    pub(super) streams: bool,
    pub(super) include_usage: bool,
    pub(super) model: String,
}

/// A request that was refused.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: ApiError,
    pub(super) is_openai: bool,
    pub(super) streams: bool,
}

/// Reads the job's request. `model` is the name of the handler's model.
pub(super) fn read(
    job: &TakenJob,
    endpoint: &Endpoint,
    model: &str,
) -> Result<JobRequest, Refused> {
    let mut input: Value = match serde_json::from_str(job.input.get()) {
        Ok(input) => input,
        Err(error) => {
            return Err(Refused {
                error: ApiError::new(
                    ApiErrorKind::InvalidRequest,
                    format!("the input cannot be read: {error}"),
                ),
                is_openai: false,
                streams: false,
            });
        }
    };
    let is_openai = input.get(ROUTE).is_some_and(|route| !route.is_null());
    let body = if is_openai {
        input.get_mut(INPUT).map_or(Value::Null, Value::take)
    } else {
        native(input)
    };
    let streams = body.get("stream") == Some(&Value::Bool(true));
    let include_usage = body
        .pointer("/stream_options/include_usage")
        .is_some_and(|it| *it == true);
    let read = || {
        check_model(&body, model)?;
        let mut parsed = Parsed::read(body, endpoint)?;
        parsed.name_model(model);
        Ok(JobRequest {
            parsed,
            is_openai,
            streams,
            include_usage,
            model: model.to_owned(),
        })
    };
    read().map_err(|error| Refused {
        error,
        is_openai,
        streams,
    })
}

/// Returns the body of a request in the native form: the parameters may be in `sampling_params`, and a chat may be one
/// `prompt`.
fn native(input: Value) -> Value {
    let Value::Object(mut fields) = input else {
        return input;
    };
    if let Some(Value::Object(sampling)) = fields.shift_remove("sampling_params") {
        fields.extend(sampling);
    }
    Value::Object(fields)
}

fn check_model(body: &Value, model: &str) -> Result<(), ApiError> {
    match body.get("model") {
        Some(Value::String(name)) if name != model && !name.is_empty() => {
            Err(unknown_model(name, &[model]))
        }
        _ => Ok(()),
    }
}

/// The error for a model that no handler serves.
pub(super) fn unknown_model(name: &str, served: &[&str]) -> ApiError {
    let name = crate::text::both_ends_of(name, 100);
    let message = format!(
        "the model `{name}` does not exist; this worker serves {}",
        served.join(", ")
    );
    ApiError::new(ApiErrorKind::NotFound, message)
        .with_param("model")
        .with_code("model_not_found")
}

impl Parsed {
    fn read(body: Value, endpoint: &Endpoint) -> Result<Self, ApiError> {
        match endpoint.route {
            Route::ChatCompletions => {
                ChatRequest::read(with_messages(body), endpoint).map(Self::Chat)
            }
            Route::Completions => CompletionRequest::read(body, endpoint).map(Self::Completion),
            Route::Embeddings => EmbeddingRequest::read(body, endpoint).map(Self::Embedding),
        }
    }

    fn name_model(&mut self, model: &str) {
        let name = match self {
            Self::Chat(request) => &mut request.model,
            Self::Completion(request) => &mut request.model,
            Self::Embedding(request) => &mut request.model,
        };
        model.clone_into(name);
    }
}

/// Turns the `prompt` of a chat in the native form into its only message.
fn with_messages(mut body: Value) -> Value {
    let Some(fields) = body.as_object_mut() else {
        return body;
    };
    if !fields.contains_key("messages")
        && let Some(Value::String(prompt)) = fields.shift_remove("prompt")
    {
        let mut message = Map::new();
        message.insert("role".to_owned(), "user".into());
        message.insert("content".to_owned(), prompt.into());
        fields.insert("messages".to_owned(), Value::Array(vec![message.into()]));
    }
    body
}
