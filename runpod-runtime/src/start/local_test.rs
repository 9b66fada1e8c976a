//! Runs a local test job from `--test_input` or `test_input.json` and checks its result.

mod difference;
mod folded;

use std::sync::Arc;

use serde_json::Value;

use self::difference::between;
use self::folded::folded;

use crate::error::{Error, ErrorKind};
use crate::json;
use crate::platform::{Platform, SingleJob, read_job, readable};
use crate::worker::{self, Parts};

/// The id of a test job that does not specify one.
const DEFAULT_ID: &str = "\"local_test\"";

/// Runs `job` through the worker that `parts` creates, and compares the result with `expected` if it is given. `platform`
/// adjusts the job's platform to the worker's options.
pub(crate) async fn run(
    job: &str,
    expected: Option<&Value>,
    platform: impl FnOnce(SingleJob) -> SingleJob,
    parts: impl FnOnce(Arc<dyn Platform>) -> Parts,
) -> Result<(), Error> {
    let fault = |text: String| Error::new(ErrorKind::LocalTest, text);
    let job = read_job(&with_id(job)?)
        .map_err(|broken| fault(format!("the test job cannot be run: {}", broken.reason)))?;
    let id = job.id.clone();
    let platform = Arc::new(platform(SingleJob::new(job, true)));
    worker::start(parts(Arc::clone(&platform) as _))?
        .ended()
        .await?;
    let shown = platform
        .recorded()
        .result
        .ok_or_else(|| fault(format!("Job {id} finished without a result.")))?;
    let entries = json::entries(&shown).unwrap_or_default();
    if let Some((_, error)) = entries.iter().find(|(key, _)| key == "error") {
        return Err(fault(format!(
            "Job {id} failed with error: {}",
            readable(error)
        )));
    }
    let result: Value = serde_json::from_str(&shown).unwrap_or_default();
    tracing::info!("Job {id} completed successfully.");
    match folded(&result) {
        None => tracing::info!("Job result: {shown}"),
        Some(folded) => {
            tracing::info!("Job result: {folded}");
            tracing::info!(
                "The lists of numbers are shortened. `cargo runpod invoke` prints whole results."
            );
        }
    }
    if let Some(expected) = expected {
        compare(&result, expected)?;
        tracing::info!("Job output matches test_output.");
    }
    tracing::info!("Local testing complete, exiting.");
    Ok(())
}

fn with_id(job: &str) -> Result<String, Error> {
    let mut entries = json::entries(job).map_err(|error| {
        Error::new(
            ErrorKind::LocalTest,
            format!("the test job is not a JSON object: {error}"),
        )
    })?;
    let id: Box<serde_json::value::RawValue> = serde_json::from_str(DEFAULT_ID)
        .map_err(|error| Error::new(ErrorKind::LocalTest, error.to_string()))?;
    if !entries.iter().any(|(key, _)| key == "id") {
        entries.push(("id".to_owned(), &id));
    }
    Ok(json::object(&entries).get().to_owned())
}

/// Accepts the whole result, `{"output": …}`, which the SDK compares, or the output alone, which most users write.
fn compare(result: &Value, expected: &Value) -> Result<(), Error> {
    let Some(of_result) = between("result", expected, result) else {
        return Ok(());
    };
    let output = result.get("output").unwrap_or(&Value::Null);
    let Some(of_output) = between("output", expected, output) else {
        return Ok(());
    };
    // The keys show which of the two was written.
    let difference = match expected.get("output") {
        Some(inner) => between("output", inner, output).unwrap_or(of_result),
        None => of_output,
    };
    Err(Error::new(
        ErrorKind::LocalTest,
        format!("Job output does not match test_output. The first difference:\n  {difference}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_expected_output_may_be_the_result_or_the_output_alone() {
        let result = json!({"output": {"a": 1}});
        assert!(compare(&result, &json!({"output": {"a": 1}})).is_ok());
        assert!(compare(&result, &json!({"a": 1})).is_ok());
        for wrong in [json!({"output": {"a": 2}}), json!({"a": 2})] {
            let error = compare(&result, &wrong).unwrap_err().to_string();
            assert!(error.ends_with("output.a: expected 2, found 1"), "{error}");
        }
        let more = json!({"output": {"a": 1}, "refresh_worker": true});
        let error = compare(&result, &more).unwrap_err().to_string();
        assert!(
            error.ends_with("result.refresh_worker: expected true, found nothing"),
            "{error}"
        );
    }

    #[test]
    fn a_job_keeps_its_own_id() {
        assert_eq!(
            with_id(r#"{"input":1}"#).unwrap(),
            r#"{"input":1,"id":"local_test"}"#
        );
        assert_eq!(
            with_id(r#"{"id":"x","input":1}"#).unwrap(),
            r#"{"id":"x","input":1}"#
        );
    }
}
