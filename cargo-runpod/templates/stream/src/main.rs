//! A worker that streams: its client gets each item as soon as it is there.

use std::time::Duration;

use runpod::prelude::*;

/// The `input` of a job. One that does not fit is a failed job, whose error names the place.
#[derive(Deserialize)]
struct Prompt {
    text: String,
    /// In place of the time that a model needs for a token.
    #[serde(default = "Prompt::default_pause_ms")]
    pause_ms: u64,
}

impl Prompt {
    fn default_pause_ms() -> u64 {
        200
    }
}

/// One item of its stream.
#[derive(Serialize)]
struct Token {
    index: usize,
    text: String,
}

// `return_aggregate_stream = true` beside `stream` makes the items the job's result, too.
#[runpod::main(stream)]
fn generate(prompt: Prompt, ctx: JobContext) -> impl Stream<Item = Result<Token, String>> {
    try_stream! {
        let words: Vec<_> = prompt.text.split_whitespace().collect();
        if words.is_empty() {
            // Ends the stream and fails the job. Its client keeps the items that it has.
            Err("`text` holds no word; give it some")?;
        }
        for (index, word) in words.iter().enumerate() {
            ctx.progress(json!({ "done": index, "of": words.len() }));
            // What takes its time goes here.
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
    async fn a_text_without_words_is_a_failed_job() {
        let job = testing::Job::new(json!({ "text": "  " }));
        let report = job.stream(generate).await;
        assert!(report.stream.is_empty());
        assert!(report.error.unwrap().contains("holds no word"));
    }

    #[tokio::test]
    async fn input_that_does_not_fit_is_a_failed_job_that_names_the_place() {
        let job = testing::Job::new(json!({ "text": 7 }));
        let report = job.stream(generate).await;
        assert!(report.error.unwrap().contains("input.text"));
    }
}
