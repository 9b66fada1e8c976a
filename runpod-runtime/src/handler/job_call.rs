//! The call of a handler for one job, as users' extractors and `around` functions see it.

use std::any::type_name;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::call::Call;
use super::context::JobContext;
use super::job_failure::JobFailure;
use super::state::State;

/// The call of a handler for one job, before the handler's arguments are created.
///
/// An extractor reads it ([`FromJobCall`](crate::FromJobCall)), and an `around` function passes it on
/// ([`WorkerBuilder::around`](crate::WorkerBuilder::around)). `docs/how-to/extend-handlers.md` shows both.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{JobCall, JobResult, Next, testing};
///
/// struct Limit(usize);
///
/// async fn checked(call: JobCall, next: Next) -> JobResult {
///     assert_eq!((call.id(), call.handler(), call.raw_input()), ("j1", "greet", r#""Ada""#));
///     assert_eq!(call.extra()["batchId"], 7);
///     let name: String = call.input()?;
///     if name.len() > call.state::<Limit>()?.0 {
///         Err("the name is too long")?;
///     }
///     call.context().progress("checked");
///     next.run(call).await
/// }
///
/// #[runpod::handler]
/// async fn greet(name: String) -> String {
///     format!("Hello, {name}!")
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let job = testing::Job::new(json!("Ada")).id("j1").extra("batchId", json!(7)).state(Limit(10)).around(checked);
/// let report = job.run(greet).await;
/// assert_eq!(report.output, Some(json!("Hello, Ada!")));
/// assert_eq!(report.progress, [json!("checked")]);
/// # }
/// ```
pub struct JobCall {
    pub(super) call: Call,
    /// The handler's name.
    handler: Box<str>,
}

impl JobCall {
    pub(super) fn new(call: Call, handler: &str) -> Self {
        let handler = handler.into();
        Self { call, handler }
    }

    /// Returns the job's id, as the client knows it.
    pub fn id(&self) -> &str {
        &self.call.job.id
    }

    /// Returns the handler's name: the name of its function, or the name that its attribute or the builder gives.
    pub fn handler(&self) -> &str {
        &self.handler
    }

    /// Returns the job's input as JSON text, as the platform sent it. In a worker with a route, the text includes the
    /// key that names the handler.
    pub fn raw_input(&self) -> &str {
        self.call.job.input.get()
    }

    /// Deserialises the job's input, like an argument of a handler.
    ///
    /// `T` need not be the handler's own input type. An extractor can read only the fields that it needs.
    ///
    /// # Errors
    ///
    /// Returns an error if the input does not match the type. It is the error that the client would get if the
    /// handler's own input did not match.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, JobFailure> {
        self.call.job.input(self.call.route).map_err(JobFailure)
    }

    /// Returns all keys of the job other than `id`, `input` and `webhook`.
    pub fn extra(&self) -> &Map<String, Value> {
        &self.call.job.extra
    }

    /// Returns the handle on the running job.
    pub fn context(&self) -> &JobContext {
        &self.call.context
    }

    /// Returns the worker's state of this type.
    ///
    /// The worker cannot check at startup which states an extractor or an `around` function needs, so a missing state
    /// fails each job.
    ///
    /// # Errors
    ///
    /// Returns an error if the worker has no state of this type.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<State<T>, MissingState> {
        let state = State::of_cell(self.call.state.as_ref());
        state.ok_or(MissingState(type_name::<T>()))
    }
}

impl fmt::Debug for JobCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobCall")
            .field("id", &self.id())
            .field("handler", &self.handler())
            .finish_non_exhaustive()
    }
}

/// The error of [`JobCall::state`]: the worker has no state of this type.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{FromJobCall, JobCall, MissingState, testing};
///
/// struct Limit(usize);
///
/// impl FromJobCall for Limit {
///     type Error = MissingState;
///
///     async fn from_job_call(job: &JobCall) -> Result<Self, MissingState> {
///         Ok(Self(*job.state::<usize>()?))
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!(null)).run(async |limit: Limit| limit.0).await;
/// assert!(report.error.unwrap().starts_with("this worker has no state of the type `usize`"));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this worker has no state of the type `{0}`: return it from `#[runpod::main] fn main()`, or pass it to `Worker::builder().state(..)`"
)]
pub struct MissingState(&'static str);
