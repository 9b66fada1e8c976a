//! The answer of a handler that returns embeddings.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client_error::api_error;
use super::job_request::{JobRequest, Parsed};
use crate::handler::failure::Failure;
use crate::handler::invocation::{Done, Form};
use crate::handler::output::{Output, Payload};

/// `Embeddings`, as the handler's adapter has written them.
#[derive(Deserialize)]
struct Written {
    vectors: Vec<Vec<f32>>,
    prompt_tokens: usize,
}

/// Returns the form of the answer.
pub(super) fn form(request: &JobRequest) -> Form {
    let (texts, base64) = match &request.parsed {
        Parsed::Embedding(request) => (request.input.len(), request.base64),
        _ => (0, false),
    };
    let (model, is_openai) = (request.model.clone(), request.is_openai);
    Form::Value(Box::new(move |output| {
        match output.and_then(|vectors| list(&vectors, texts, base64, &model)) {
            Ok(list) => Ok(Done::Value(list)),
            Err(failure) if is_openai => refused(Err(failure)),
            Err(failure) => Err(failure),
        }
    }))
}

/// Reports a failure as a value.
pub(super) fn refused(output: Output) -> Result<Done, Failure> {
    match output {
        Ok(value) => Ok(Done::Value(value)),
        Err(failure) => Ok(Done::Reported {
            value: Some(Payload::of(&api_error(&failure).flat())?),
            failure,
        }),
    }
}

fn list(vectors: &Payload, texts: usize, base64: bool, model: &str) -> Output {
    let written: Written = serde_json::from_slice(vectors.value()).map_err(|error| {
        // JSON has no numbers that are not finite, so these are written as null.
        let message =
            format!("the embeddings contain a value that is not a finite number: {error}");
        Failure::new("OutputError", message)
    })?;
    let found = written.vectors.len();
    if found != texts {
        let message = format!(
            "the handler returned {found} vectors for {texts} texts; return one vector for each text"
        );
        return Err(Failure::new("OutputError", message));
    }
    let items = written.vectors.into_iter().enumerate();
    let data = items.map(|(index, vector)| Item {
        object: "embedding",
        index,
        embedding: if base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|it| it.to_le_bytes()).collect();
            Embedding::Base64(BASE64_STANDARD.encode(bytes))
        } else {
            Embedding::Numbers(vector)
        },
    });
    let tokens = written.prompt_tokens;
    Payload::of(&List {
        object: "list",
        data: data.collect(),
        model,
        usage: json!({ "prompt_tokens": tokens, "total_tokens": tokens }),
    })
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Item>,
    model: &'a str,
    usage: Value,
}

#[derive(Serialize)]
struct Item {
    object: &'static str,
    index: usize,
    embedding: Embedding,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Embedding {
    /// A `Value` would write each number with the digits of an `f64`.
    Numbers(Vec<f32>),
    Base64(String),
}
