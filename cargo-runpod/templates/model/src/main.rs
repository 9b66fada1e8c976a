//! A worker with a model, which is loaded once, before the first job, and shared by all jobs.

mod model;

use runpod::prelude::*;

use crate::model::{LoadError, Model, UnknownWord};

// Runs once. The model that it returns is the state, which handlers take as `State<Model>`. If it returns an `Err`, the
// worker exits before it takes a job. One model computes one text at a time, so the worker has no `concurrency`.
#[runpod::main]
fn main() -> Result<Model, LoadError> {
    Model::load(&model::path())
}

/// The `input` of a job. If an input does not match this type, the job fails, and the error names the field.
#[derive(Deserialize)]
struct Prompt {
    /// The model continues this text from its last word.
    text: String,
    #[serde(default = "Prompt::default_words")]
    words: u16,
    /// The same seed produces the same text.
    #[serde(default)]
    seed: u64,
}

impl Prompt {
    fn default_words() -> u16 {
        20
    }
}

// A plain `fn` that returns an iterator, because a model blocks its thread: the worker runs both on a thread of their own.
// Each item is a token with its leading space, so a client gets the text if it joins the items. If the job is cancelled,
// the worker takes no further item.
#[runpod::handler(stream)]
fn generate(
    prompt: Prompt,
    ctx: JobContext,
    model: State<Model>,
) -> Result<impl Iterator<Item = String>, UnknownWord> {
    let tokens = model.continuation(&prompt.text, prompt.seed)?;
    Ok(tokens.zip(1..=prompt.words).map(move |(token, done)| {
        ctx.progress(json!({ "done": done, "of": prompt.words }));
        token
    }))
}

#[cfg(test)]
mod tests {
    use runpod::testing::{self, Report};

    use super::*;

    async fn generated(input: Value) -> Report {
        let model = Model::of("the sea is calm and the sky is clear");
        testing::Job::new(input).state(model).stream(generate).await
    }

    #[tokio::test]
    async fn each_token_is_an_item_with_its_leading_space() {
        let report = generated(json!({ "text": "calm", "words": 2 })).await;
        assert_eq!(report.stream, [json!(" and"), json!(" the")]);
        assert_eq!(report.error, None);
    }

    #[tokio::test]
    async fn the_same_seed_gives_the_same_text() {
        let input = json!({ "text": "the sea", "words": 30, "seed": 7 });
        let report = generated(input.clone()).await;
        assert_eq!(report.stream.len(), 30);
        assert_eq!(report.stream, generated(input).await.stream);
    }

    #[tokio::test]
    async fn a_word_that_the_model_does_not_know_fails_the_job() {
        let report = generated(json!({ "text": "the robot" })).await;
        assert!(report.error.unwrap().contains("robot"));
    }

    #[tokio::test]
    async fn input_of_the_wrong_type_fails_the_job_and_names_the_field() {
        let report = generated(json!({ "text": "the", "words": "many" })).await;
        assert!(report.error.unwrap().contains("input.words"));
    }
}
