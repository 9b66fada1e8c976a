//! A job as the platform handed it over, and as a handler sees it.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::input;

/// A job with all that the platform sent, for handlers that want more than the input.
///
/// ```
/// # use runpod_runtime::Job;
/// async fn handler(job: Job<String>) -> String {
///     format!("{} asked for {}", job.id, job.input)
/// }
/// # let _ = handler;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Job<T> {
    /// The job's id, as the client knows it.
    pub id: String,
    /// The job's input.
    pub input: T,
    /// Where the platform will post the result, when the client asked for that.
    pub webhook: Option<String>,
    /// Every other key that the platform sent with the job (`batchId`, `policy`, …).
    pub extra: Map<String, Value>,
}

impl<T> Job<T> {
    /// A job for a test of a handler.
    ///
    /// ```
    /// # use runpod_runtime::Job;
    /// assert_eq!(Job::new("j1", 5).input, 5);
    /// ```
    pub fn new(id: impl Into<String>, input: T) -> Self {
        Self {
            id: id.into(),
            input,
            webhook: None,
            extra: Map::new(),
        }
    }
}

/// A job as it was taken: the input is still text, and is read into the handler's type only in the handler's task.
#[derive(Debug)]
pub(crate) struct TakenJob {
    pub(crate) id: String,
    pub(crate) input: Box<RawValue>,
    pub(crate) webhook: Option<String>,
    pub(crate) extra: Map<String, Value>,
}

impl TakenJob {
    pub(crate) fn input<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        input::read(&self.input)
    }

    pub(crate) fn to_job<T: DeserializeOwned>(&self) -> Result<Job<T>, Failure> {
        Ok(Job {
            id: self.id.clone(),
            input: self.input()?,
            webhook: self.webhook.clone(),
            extra: self.extra.clone(),
        })
    }

    /// The batch that the job belongs to, for its log lines.
    pub(crate) fn batch_id(&self) -> Option<&str> {
        self.extra.get("batchId").and_then(Value::as_str)
    }
}
