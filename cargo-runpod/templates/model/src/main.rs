//! A worker with a model: loaded once, before the first job, and shared by all jobs.

mod model;

use runpod::prelude::*;

use crate::model::{LoadError, Model, UnknownWord};

// Runs once. What it returns is the state that handlers ask for as `State<Model>`; an `Err` ends the worker before it has
// taken a job.
#[runpod::main(concurrency = 4)]
async fn main() -> Result<Model, LoadError> {
    Model::load(&model::path())
}

/// The `input` of a job. One that does not fit is a failed job, whose error names the place.
#[derive(Deserialize)]
struct Prompt {
    /// Its last word is where the text goes on.
    text: String,
    #[serde(default = "Prompt::default_words")]
    words: u16,
    /// The same seed gives the same text.
    #[serde(default)]
    seed: u64,
}

impl Prompt {
    fn default_words() -> u16 {
        20
    }
}

// A model that computes for long should not do so between two `.await`s: return an `impl Iterator` then, which is driven on
// a thread of its own.
#[runpod::handler(stream)]
fn generate(
    prompt: Prompt,
    ctx: JobContext,
    model: State<Model>,
) -> impl Stream<Item = Result<String, UnknownWord>> {
    try_stream! {
        let text = model.continuation(&prompt.text, prompt.seed)?;
        for (word, done) in text.zip(0..prompt.words) {
            ctx.progress(json!({ "done": done, "of": prompt.words }));
            yield word.to_owned();
        }
    }
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
    async fn each_word_is_an_item() {
        let report = generated(json!({ "text": "calm", "words": 2 })).await;
        assert_eq!(report.stream, [json!("and"), json!("the")]);
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
    async fn a_word_that_the_model_does_not_know_is_a_failed_job() {
        let report = generated(json!({ "text": "the robot" })).await;
        assert!(report.error.unwrap().contains("robot"));
    }

    #[tokio::test]
    async fn input_that_does_not_fit_is_a_failed_job_that_names_the_place() {
        let report = generated(json!({ "text": "the", "words": "many" })).await;
        assert!(report.error.unwrap().contains("input.words"));
    }
}
