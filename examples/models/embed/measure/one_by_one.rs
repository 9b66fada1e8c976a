//! The worker of the template `embed` without batching, for comparison. Each request gets a call of its own.

#[path = "../../../../cargo-runpod/templates/embed/src/model.rs"]
mod model;
#[path = "../../../../cargo-runpod/templates/embed/src/places.rs"]
mod places;
#[path = "../../../../cargo-runpod/templates/embed/src/weights.rs"]
mod weights;

use runpod::openai::{ApiError, EmbeddingRequest, Embeddings};
use runpod::prelude::*;

use crate::model::Model;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[runpod::main]
fn main() -> Result<Model, Error> {
    let model = Model::load(&places::find()?)?;
    tracing::info!("loaded the model on {}", model.device());
    Ok(model)
}

#[runpod::handler(
    batch,
    openai = "embeddings",
    model = "all-MiniLM-L6-v2",
    max_batch_size = 1
)]
fn embed(
    requests: Vec<EmbeddingRequest>,
    model: State<Model>,
) -> Result<Vec<Result<Embeddings, ApiError>>, Error> {
    let answer = |request: EmbeddingRequest| -> Result<_, Error> {
        let texts = match model.read(&request.input) {
            Ok(texts) => texts,
            Err(error) => return Ok(Err(error)),
        };
        let tokens: Vec<_> = texts.iter().map(Vec::as_slice).collect();
        let number = tokens.iter().map(|text| text.len()).sum();
        Ok(Ok(
            Embeddings::new(model.embed(&tokens)?).with_prompt_tokens(number)
        ))
    };
    requests.into_iter().map(answer).collect()
}
