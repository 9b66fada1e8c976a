//! A worker that streams: the client gets each item as soon as it is ready.

use std::time::Duration;

use runpod::prelude::*;

/// The `input` of a job. If an input does not match this type, the job fails, and the error names the field.
#[derive(Deserialize)]
struct Prompt {
    text: String,
    /// Simulates the time that a model needs for a token.
    #[serde(default = "Prompt::default_pause_ms")]
    pause_ms: u64,
}

impl Prompt {
    fn default_pause_ms() -> u64 {
        200
    }
}

/// One item of the stream.
#[derive(Serialize)]
struct Token {
    index: usize,
    text: String,
}

// With `stream, return_aggregate_stream = true`, the list of all items is also the job's output.
#[runpod::main(stream)]
fn generate(prompt: Prompt, ctx: JobContext) -> impl Stream<Item = Result<Token, String>> {
    try_stream! {
        let words: Vec<_> = prompt.text.split_whitespace().collect();
        if words.is_empty() {
            // Ends the stream and fails the job. The client keeps the items that it has received.
            Err("`text` contains no words; send at least one")?;
        }
        for (index, word) in words.iter().enumerate() {
            ctx.progress(json!({ "done": index, "of": words.len() }));
            // Replace this pause by your model.
            tokio::time::sleep(Duration::from_millis(prompt.pause_ms)).await;
            yield Token { index, text: word.to_uppercase() };
        }
    }
}

#[cfg(test)]
mod tests {
    use runpod::testing;

    use super::*;

    #[tokio::test]
    async fn each_word_is_an_item() {
        let job = testing::Job::new(json!({ "text": "to be", "pause_ms": 0 }));
        let report = job.stream(generate).await;
        assert_eq!(
            report.stream,
            [
                json!({ "index": 0, "text": "TO" }),
                json!({ "index": 1, "text": "BE" }),
            ]
        );
        assert_eq!(report.error, None);
    }

    #[tokio::test]
    async fn a_text_without_words_fails_the_job() {
        let job = testing::Job::new(json!({ "text": "  " }));
        let report = job.stream(generate).await;
        assert!(report.stream.is_empty());
        assert!(report.error.unwrap().contains("contains no words"));
    }

    #[tokio::test]
    async fn input_of_the_wrong_type_fails_the_job_and_names_the_field() {
        let job = testing::Job::new(json!({ "text": 7 }));
        let report = job.stream(generate).await;
        assert!(report.error.unwrap().contains("input.text"));
    }
}
