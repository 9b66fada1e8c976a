//! The result of a job in a test.

use serde_json::Value;

use crate::handler::truthy;
use crate::json;
use crate::platform::{Recorded, error_type, message};

/// The result of a job in a test, as its client would see it.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(stream)]
/// fn countdown(from: u32, ctx: JobContext) -> impl Iterator<Item = u32> {
///     ctx.progress("counting");
///     ctx.refresh_worker();
///     (0..from).rev()
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!(2)).stream(countdown).await;
/// assert_eq!(report.stream, [json!(1), json!(0)]);
/// assert_eq!(report.output, Some(json!([1, 0])));
/// assert_eq!(report.error, None);
/// assert_eq!(report.progress, [json!("counting")]);
/// assert!(report.refresh_worker);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The job's output, or `None` if the job failed or returned an empty object. The output of a stream is the list
    /// of its items, as with `return_aggregate_stream`. If the output is an object, the keys `error` and
    /// `refresh_worker` are removed.
    pub output: Option<Value>,
    /// The reason for the failure: the message of the handler's error, or the `error` key of its output. For a failed
    /// stream, the message is followed by the place and the causes, as the client gets it.
    pub error: Option<String>,
    /// The `error_type` that the client of a failed job reads: `Error`, the name that a
    /// [`HandlerError`](crate::HandlerError) chose, or one of the worker's own names
    /// (`docs/how-to/return-errors.md`). `None` for a stream, whose error text contains it, and for an output with an
    /// `error` key.
    pub error_type: Option<String>,
    /// The stream items in order.
    pub stream: Vec<Value>,
    /// The progress updates that were delivered. If updates follow quickly on each other, only the newest one is
    /// delivered.
    pub progress: Vec<Value>,
    /// Whether the job asked for a fresh worker.
    pub refresh_worker: bool,
    /// Whether the job was cancelled ([`Job::cancel_when`](super::Job::cancel_when)). Its client gets no result: there is
    /// neither an output nor an error.
    pub cancelled: bool,
}

impl Report {
    /// Reads what was posted for a job.
    pub(super) fn of(recorded: Recorded) -> Self {
        let outputs = |bodies: Vec<String>| {
            bodies
                .iter()
                .filter_map(|body| serde_json::from_str::<Value>(body).ok())
                .map(|mut body| body["output"].take())
                .collect()
        };
        let cancelled = recorded.result.is_none();
        let result = recorded.result.unwrap_or_default();
        let result = json::entries(&result).unwrap_or_default();
        let entry = |wanted: &str| Some(result.iter().find(|(key, _)| key == wanted)?.1);
        Self {
            output: entry("output").and_then(|output| serde_json::from_str(output.get()).ok()),
            error: entry("error").map(message),
            error_type: entry("error").and_then(error_type),
            stream: outputs(recorded.items),
            progress: outputs(recorded.progress),
            refresh_worker: entry("stopPod").is_some_and(truthy),
            cancelled,
        }
    }
}
