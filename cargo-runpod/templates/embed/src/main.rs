//! A worker that computes embeddings for OpenAI clients. Requests that arrive together share one call of the model.

mod model;
mod places;
#[cfg(test)]
mod tiny;
mod weights;

use std::time::Instant;

use runpod::openai::{ApiError, EmbeddingRequest, Embeddings};
use runpod::prelude::*;

use crate::model::Model;

/// An error with any cause. The worker's log and the failed job contain its text.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// The maximum number of texts in a request and in a call of the model. OpenAI's API has the same limit.
const MAX_TEXTS: usize = 2048;

// Runs once. The model that it returns is the state, which handlers take as `State<Model>`. If it returns an `Err`, the
// worker exits before it takes a job.
#[runpod::main]
fn main() -> Result<Model, Error> {
    let start = Instant::now();
    let folder = places::find()?;
    let model = Model::load(&folder)?;
    tracing::info!(
        "loaded the model in {} on {} in {:.2} s",
        folder.display(),
        model.device(),
        start.elapsed().as_secs_f32()
    );
    Ok(model)
}

fn texts(request: &EmbeddingRequest) -> usize {
    request.input.len()
}

// A plain `fn`, because a model blocks its thread. While a call runs, the next requests wait and share the next call.
#[runpod::handler(
    batch,
    openai = "embeddings",
    model = "all-MiniLM-L6-v2",
    max_batch_size = 32,
    weight = texts,
    max_weight = MAX_TEXTS
)]
fn embed(
    requests: Vec<EmbeddingRequest>,
    model: State<Model>,
) -> Result<Vec<Result<Embeddings, ApiError>>, Error> {
    let start = Instant::now();
    // A request with a text that the model cannot read gets its own error. The others stay in the call.
    let read: Vec<_> = requests
        .iter()
        .map(|request| model.read(&request.input))
        .collect();
    let texts: Vec<&[u32]> = read.iter().flatten().flatten().map(Vec::as_slice).collect();
    let mut vectors = model.embed(&texts)?.into_iter();
    tracing::info!(
        "{} texts of {} requests in {:.0} ms",
        texts.len(),
        requests.len(),
        1000.0 * start.elapsed().as_secs_f32()
    );
    let mut answer = |texts: Vec<Vec<u32>>| {
        let tokens = texts.iter().map(Vec::len).sum();
        Embeddings::new(vectors.by_ref().take(texts.len())).with_prompt_tokens(tokens)
    };
    Ok(read
        .into_iter()
        .map(|texts| texts.map(&mut answer))
        .collect())
}

#[cfg(test)]
mod tests {
    use runpod::testing::{self, Report};

    use super::*;

    async fn embedded(inputs: impl IntoIterator<Item = Value>) -> Vec<Report> {
        let jobs = testing::Jobs::new(inputs).state(tiny::model());
        jobs.batch(embed).await
    }

    #[tokio::test]
    async fn jobs_in_one_call_get_the_vectors_that_they_would_get_alone() {
        let inputs = [
            json!({ "input": "red" }),
            json!({ "input": ["green blue red", "blue"] }),
        ];
        let together = embedded(inputs.clone()).await;
        for (input, together) in inputs.into_iter().zip(together) {
            let alone = embedded([input]).await.remove(0).output.unwrap();
            let together = together.output.unwrap();
            assert_eq!(together["usage"], alone["usage"]);
            let (alone, together) = (numbers(&alone), numbers(&together));
            assert_eq!(alone.len(), together.len());
            for (alone, together) in alone.iter().zip(&together) {
                assert!((alone - together).abs() < 1e-5, "{alone} and {together}");
            }
        }
    }

    fn numbers(output: &Value) -> Vec<f64> {
        let entries = output["data"].as_array().unwrap().iter();
        entries
            .flat_map(|entry| entry["embedding"].as_array().unwrap())
            .map(|number| number.as_f64().unwrap())
            .collect()
    }

    #[tokio::test]
    async fn a_text_that_the_model_cannot_read_fails_only_its_own_job() {
        let long = "red ".repeat(tiny::WINDOW + 1);
        let reports = embedded([
            json!({ "input": "red" }),
            json!({ "input": ["green", long] }),
            json!({ "input": 7 }),
        ])
        .await;
        assert_eq!(reports[0].error, None);
        let error = reports[1].error.as_deref().unwrap();
        assert!(error.contains("context window"), "{error}");
        let error = reports[2].error.as_deref().unwrap();
        assert!(error.contains("input"), "{error}");
    }

    #[tokio::test]
    async fn an_openai_client_gets_the_error_object_and_the_place_of_the_text() {
        let long = "red ".repeat(tiny::WINDOW + 1);
        let body = json!({ "input": ["red", long] });
        let job = json!({ "openai_route": "/v1/embeddings", "openai_input": body });
        let error = embedded([job]).await.remove(0).output.unwrap();
        assert_eq!(error["object"], "error");
        assert_eq!(error["param"], "input.1");
    }
}
