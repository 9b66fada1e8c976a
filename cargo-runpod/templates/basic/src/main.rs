//! A worker with one function, which turns a job's input into its output.

use runpod::prelude::*;

/// The `input` of a job. If an input does not match this type, the job fails, and the error names the field.
#[derive(Deserialize)]
struct Text {
    text: String,
}

/// The `output` of a job.
#[derive(Serialize)]
struct Description {
    words: usize,
    longest: String,
}

// An `Err` fails the job, and the client receives its message.
#[runpod::main]
async fn describe(input: Text) -> Result<Description, String> {
    let words = input.text.split_whitespace();
    let longest = words
        .clone()
        .max_by_key(|word| word.chars().count())
        .ok_or("`text` contains no words; send at least one")?;
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
    async fn a_text_without_words_fails_the_job() {
        let job = testing::Job::new(json!({ "text": "  " }));
        let report = job.run(describe).await;
        assert!(report.error.unwrap().contains("contains no words"));
    }

    #[tokio::test]
    async fn input_of_the_wrong_type_fails_the_job_and_names_the_field() {
        let job = testing::Job::new(json!({ "text": 7 }));
        let report = job.run(describe).await;
        assert!(report.error.unwrap().contains("input.text"));
    }
}
