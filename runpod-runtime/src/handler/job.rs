//! A job as the platform sent it, and as a handler sees it.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::input;

/// A job with all keys that the platform sent, for handlers that need more than the input.
///
/// A handler takes either a `T` or a `Job<T>`. Both deserialise the input in the same way. If the input does not
/// match the type, the job fails, and the handler is not called.
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
/// // In a test, call the handler as a function:
/// let job = Job::new("j1", "Ada".to_owned());
/// assert_eq!(greet(job).await, "j1: hello, Ada! (batch none)");
///
/// // Or run it as a worker does:
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
    /// The URL to which the platform posts the result, if the client asked for that. The worker does not use it.
    pub webhook: Option<String>,
    /// All other keys that the platform sent with the job (`batchId`, `policy`, …).
    pub extra: Map<String, Value>,
}

impl<T> Job<T> {
    /// Creates a job with this id and input and no other keys, for a test that calls a handler.
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

/// A job as it was taken. Its input is still text: the handler's task deserialises it.
#[derive(Debug)]
pub(crate) struct TakenJob {
    pub(crate) id: String,
    pub(crate) input: Box<RawValue>,
    pub(crate) webhook: Option<String>,
    pub(crate) extra: Map<String, Value>,
    /// The name of the handler, if the client chose it by something other than the input.
    pub(crate) handler: Option<Arc<str>>,
    /// The request that the job came from, in HTTP mode.
    #[cfg(all(feature = "http", feature = "otel"))]
    pub(crate) request: Option<Box<RequestTrace>>,
}

/// The headers of a request that name the trace to which it belongs.
#[cfg(all(feature = "http", feature = "otel"))]
#[derive(Debug)]
pub(crate) struct RequestTrace {
    pub(crate) traceparent: Option<String>,
    pub(crate) tracestate: Option<String>,
}

impl TakenJob {
    /// Deserialises the input. `route` is the key of the input that names the handler, if the worker has a route.
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

    /// Returns the batch that the job belongs to, for log lines.
    pub(crate) fn batch_id(&self) -> Option<&str> {
        self.extra.get("batchId").and_then(Value::as_str)
    }
}
