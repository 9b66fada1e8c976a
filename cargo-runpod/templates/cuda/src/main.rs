//! A worker that runs a language model and streams its reply.

mod chat;
mod model;
mod places;
#[cfg(test)]
mod tiny;

use std::time::Instant;

use runpod::prelude::*;

use crate::model::{Model, Options};
use crate::places::Places;

/// An error with any cause. The worker's log and the failed job contain its text.
type Error = Box<dyn std::error::Error + Send + Sync>;

// Runs once. The model that it returns is the state, which handlers take as `State<Model>`. If it returns an `Err`, the
// worker exits before it takes a job. One model computes one reply at a time, so the worker has no `concurrency`.
#[runpod::main]
fn main() -> Result<Model, Error> {
    let start = Instant::now();
    let files = Places::of_environment()?.find()?;
    let model = Model::load(&files)?;
    tracing::info!(
        "loaded the model in {} on {} in {:.1} s",
        files.folder.display(),
        model.device(),
        start.elapsed().as_secs_f32()
    );
    Ok(model)
}

/// The `input` of a job. If an input does not match this type, the job fails, and the error names the field.
#[derive(Deserialize)]
struct Request {
    prompt: String,
    /// An instruction that applies to the whole reply.
    system: Option<String>,
    #[serde(default = "Request::default_max_tokens")]
    max_tokens: usize,
    /// 0 always takes the likeliest token. Higher values give more surprising replies.
    #[serde(default = "Request::default_temperature")]
    temperature: f64,
    /// The same seed gives the same reply.
    #[serde(default)]
    seed: u64,
}

impl Request {
    fn default_max_tokens() -> usize {
        256
    }

    fn default_temperature() -> f64 {
        0.7
    }
}

/// One item of the stream.
#[derive(Serialize)]
#[serde(untagged)]
enum Item {
    Text {
        text: String,
    },
    /// The last item.
    End {
        finish_reason: &'static str,
        prompt_tokens: usize,
        completion_tokens: usize,
    },
}

// A plain `fn`, because a model blocks its thread.
#[runpod::handler(stream)]
fn generate(
    request: Request,
    ctx: JobContext,
    model: State<Model>,
    out: Emitter<Item>,
) -> Result<(), Error> {
    let start = Instant::now();
    let prompt = model.prompt(&request.prompt, request.system.as_deref())?;
    let options = Options {
        max_tokens: request.max_tokens,
        temperature: request.temperature,
        seed: request.seed,
    };
    let reply = model.generate(&prompt, &options, &ctx, |text| {
        // This waits if the network is slower than the model, and returns an error once the job is cancelled.
        Ok(out.blocking_send(Item::Text { text })?)
    })?;
    tracing::info!(
        "{}: {} tokens in the prompt and {} in the reply, in {:.1} s",
        reply.finish_reason,
        prompt.len(),
        reply.tokens,
        start.elapsed().as_secs_f32()
    );
    out.blocking_send(Item::End {
        finish_reason: reply.finish_reason,
        prompt_tokens: prompt.len(),
        completion_tokens: reply.tokens,
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use runpod::CancelReason;
    use runpod::testing::{self, Report};

    use super::*;

    async fn generated(input: Value) -> Report {
        testing::Job::new(input)
            .state(tiny::model())
            .stream(generate)
            .await
    }

    #[tokio::test]
    async fn the_likeliest_reply_is_always_the_same() {
        let input = json!({ "prompt": "red", "max_tokens": 8, "temperature": 0 });
        let report = generated(input.clone()).await;
        assert_eq!(report.error, None);
        assert_eq!(report.stream.len(), 9);
        assert_eq!(
            report.stream[8],
            json!({ "finish_reason": "length", "prompt_tokens": 3, "completion_tokens": 8 })
        );
        assert_eq!(report.stream, generated(input).await.stream);
    }

    #[tokio::test]
    async fn the_same_seed_gives_the_same_reply_and_another_seed_another_one() {
        let seeded =
            |seed| json!({ "prompt": "red", "max_tokens": 20, "temperature": 2, "seed": seed });
        let report = generated(seeded(1)).await;
        assert_eq!(report.stream, generated(seeded(1)).await.stream);
        assert_ne!(report.stream, generated(seeded(2)).await.stream);
    }

    #[test]
    fn a_job_that_is_cancelled_before_its_prompt_is_read_sends_nothing() {
        let (ctx, job) = testing::context();
        let (out, stream) = testing::emitter();
        job.cancel(CancelReason::Stopped);
        stream.cancel();
        let request = serde_json::from_value(json!({ "prompt": "red" })).unwrap();
        let ended = generate(request, ctx, State::new(tiny::model()), out);
        assert!(ended.is_err());
        assert_eq!(stream.items(), Vec::<Value>::new());
    }

    #[tokio::test]
    async fn input_of_the_wrong_type_fails_the_job_and_names_the_field() {
        for (field, input) in [
            ("input.prompt", json!({ "prompt": 7 })),
            ("input.seed", json!({ "prompt": "red", "seed": -1 })),
        ] {
            let error = generated(input).await.error.unwrap();
            assert!(error.contains(field), "{error}");
        }
    }
}
