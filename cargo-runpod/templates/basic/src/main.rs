//! A worker: one function from a job's input to its output.

use runpod::prelude::*;

/// The `input` of a job. One that does not fit is a failed job, whose error names the place.
#[derive(Deserialize)]
struct Text {
    text: String,
}

/// Its output.
#[derive(Serialize)]
struct Description {
    words: usize,
    longest: String,
}

// An `Err` is a failed job as well; its client gets the message.
#[runpod::main]
async fn describe(input: Text) -> Result<Description, String> {
    let words = input.text.split_whitespace();
    let longest = words
        .clone()
        .max_by_key(|word| word.chars().count())
        .ok_or("`text` holds no word; give it some")?;
    Ok(Description {
        longest: longest.to_owned(),
        words: words.count(),
    })
}

#[cfg(test)]
mod tests {
    use runpod::testing;

    use super::*;

    #[tokio::test]
    async fn words_are_counted() {
        let job = testing::Job::new(json!({ "text": "that is the question" }));
        let report = job.run(describe).await;
        assert_eq!(
            report.output,
            Some(json!({ "words": 4, "longest": "question" }))
        );
    }

    #[tokio::test]
    async fn a_text_without_words_is_a_failed_job() {
        let job = testing::Job::new(json!({ "text": "  " }));
        let report = job.run(describe).await;
        assert!(report.error.unwrap().contains("holds no word"));
    }

    #[tokio::test]
    async fn input_that_does_not_fit_is_a_failed_job_that_names_the_place() {
        let job = testing::Job::new(json!({ "text": 7 }));
        let report = job.run(describe).await;
        assert!(report.error.unwrap().contains("input.text"));
    }
}
