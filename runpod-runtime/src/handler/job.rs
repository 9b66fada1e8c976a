//! A job as the platform handed it over, and as a handler sees it.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::input;

/// A job with all that the platform sent, for handlers that want more than the input.
///
/// It stands where the input would: a handler takes a `T`, or a `Job<T>`. The input is read into `T` as it would be
/// alone; one that does not fit is a failed job, and the handler is not called.
///
/// ```
/// use runpod::prelude::*;
///
/// #[runpod::handler]
/// async fn greet(job: Job<String>) -> String {
///     let batch = job.extra.get("batchId").and_then(Value::as_str).unwrap_or("none");
///     format!("{}: hello, {}! (batch {batch})", job.id, job.input)
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// // As a function, in a test:
/// let job = Job::new("j1", "Ada".to_owned());
/// assert_eq!(greet(job).await, "j1: hello, Ada! (batch none)");
///
/// // As a worker runs it:
/// let job = runpod::testing::Job::new(json!("Ada")).extra("batchId", json!("b7"));
/// let report = job.run(greet).await;
/// assert_eq!(report.output, Some(json!("test: hello, Ada! (batch b7)")));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Job<T> {
    /// The job's id, as the client knows it.
    pub id: String,
    /// The job's input.
    pub input: T,
    /// Where the platform will post the result, when the client asked for that. The worker has nothing to do with it.
    pub webhook: Option<String>,
    /// Every other key that the platform sent with the job (`batchId`, `policy`, …).
    pub extra: Map<String, Value>,
}

impl<T> Job<T> {
    /// A job with this id and input, and nothing else, for a test that calls a handler.
    ///
    /// ```
    /// use runpod::prelude::*;
    ///
    /// let mut job = Job::new("j1", 5);
    /// job.extra.insert("batchId".to_owned(), json!("b7"));
    /// assert_eq!((job.id.as_str(), job.input, job.webhook), ("j1", 5, None));
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
    /// `route` is the key of the input that names the handler, if there is such a key.
    pub(crate) fn input<T: DeserializeOwned>(&self, route: Option<&str>) -> Result<T, Failure> {
        input::read(&self.input, route)
    }

    pub(crate) fn to_job<T: DeserializeOwned>(
        &self,
        route: Option<&str>,
    ) -> Result<Job<T>, Failure> {
        Ok(Job {
            id: self.id.clone(),
            input: self.input(route)?,
            webhook: self.webhook.clone(),
            extra: self.extra.clone(),
        })
    }

    /// The batch that the job belongs to, for its log lines.
    pub(crate) fn batch_id(&self) -> Option<&str> {
        self.extra.get("batchId").and_then(Value::as_str)
    }
}
