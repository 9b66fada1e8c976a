//! Wraps the calls of handlers in functions of the user, for timing, authorisation or caching.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::call::Call;
use super::extract::extract;
use super::failure::Failure;
use super::invocation::{Done, catch_panic};
use super::job_call::JobCall;
use super::job_failure::JobFailure;
use super::output::Payload;
use super::registry::Handler;
use super::slot::Slot;

/// A user's function that wraps the calls of handlers.
pub(crate) type Around = Arc<dyn Fn(JobCall, Next) -> Running + Send + Sync>;

/// Makes a user's function an [`Around`].
pub(crate) fn around<Fut>(function: impl Fn(JobCall, Next) -> Fut + Send + Sync + 'static) -> Around
where
    Fut: Future<Output = JobResult> + Send + 'static,
{
    Arc::new(move |call, next| Box::pin(function(call, next)))
}

type Running = Pin<Box<dyn Future<Output = JobResult> + Send>>;

/// The result of a handler's call, as an `around` function sees it.
///
/// ```
/// use runpod::{JobOutput, JobResult};
///
/// fn length(result: &JobResult) -> usize {
///     result.as_ref().ok().and_then(JobOutput::json).map_or(0, str::len)
/// }
///
/// assert_eq!(length(&JobOutput::new("Ada")), 5);
/// assert_eq!(length(&Err("no luck".into())), 0);
/// ```
pub type JobResult = Result<JobOutput, JobFailure>;

/// The rest of a handler's call: the remaining `around` functions, the extractors and the handler.
///
/// An `around` function takes it and calls [`run`](Self::run). If it drops the `Next` instead, the handler is not
/// called.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::{JobCall, JobResult, Next, testing};
///
/// async fn logged(call: JobCall, next: Next) -> JobResult {
///     let id = call.id().to_owned();
///     let result = next.run(call).await;
///     if let Err(failure) = &result {
///         eprintln!("job {id} failed: {failure}");
///     }
///     result
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let job = testing::Job::new(json!(20)).around(logged);
/// assert_eq!(job.run(async |input: u64| input + 1).await.output, Some(json!(21)));
/// # }
/// ```
pub struct Next {
    /// The `around` functions of the worker, the outermost one first.
    functions: Arc<[Around]>,
    /// How many of the functions have been called.
    called: usize,
    handler: Arc<Handler>,
    progress: Arc<Mutex<Progress>>,
}

/// How far the call has come.
struct Progress {
    slot: Option<Slot>,
    was_called: bool,
}

impl Next {
    /// Runs the rest of the call until it finishes. For a stream, this is the end of the stream: the worker sends each
    /// item as soon as it is ready, so the items are not part of the output.
    ///
    /// `call` must be the job that the `around` function was given.
    ///
    /// # Errors
    ///
    /// Returns an error if the job has failed: the input does not match the handler's type, an extractor or the handler
    /// returned an error, the handler panicked, or the output does not serialise. An output with an `error` key is not
    /// an error here.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, an async handler is dropped too. A plain `fn` handler runs to its end and keeps its
    /// slot, but its output is discarded.
    pub async fn run(mut self, call: JobCall) -> JobResult {
        if let Some(function) = self.functions.get(self.called) {
            let function = Arc::clone(function);
            self.called += 1;
            return function(call, self).await;
        }
        // The panic is caught here, so that the functions around the handler see it as a failure.
        let done = catch_panic(self.call_handler(call)).await;
        match done {
            Ok(Done::Stream(super::StreamEnd::Failed(failure))) | Err(failure) => {
                Err(JobFailure(failure))
            }
            Ok(done) => Ok(JobOutput(done)),
        }
    }

    async fn call_handler(self, call: JobCall) -> Result<Done, Failure> {
        let extracted = extract(self.handler.extractors(), &call).await?;
        let mut call = Call {
            extracted,
            ..call.call
        };
        let items = call.items.clone();
        let invocation = self.handler.prepare(&mut call)?;
        drop(call);
        let mut held = Held::of(self.progress);
        invocation.finish(items, &mut held.slot).await
    }
}

/// Holds the slot while the handler runs, and then puts it back, even after a panic.
struct Held {
    slot: Option<Slot>,
    progress: Arc<Mutex<Progress>>,
}

impl Held {
    fn of(shared: Arc<Mutex<Progress>>) -> Self {
        let mut guard = progress(&shared);
        guard.was_called = true;
        let slot = guard.slot.take();
        drop(guard);
        Self {
            slot,
            progress: shared,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        progress(&self.progress).slot = self.slot.take();
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next")
            .field("handler", &self.handler)
            .finish_non_exhaustive()
    }
}

fn progress(progress: &Mutex<Progress>) -> MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A handler's call with extractors or `around` functions. It holds the job's slot until it is dropped, and then puts
/// the slot back.
pub(crate) struct Wrapped<'a> {
    slot: &'a mut Option<Slot>,
    was_called: &'a mut bool,
    progress: Arc<Mutex<Progress>>,
}

impl<'a> Wrapped<'a> {
    pub(crate) fn new(slot: &'a mut Option<Slot>, was_called: &'a mut bool) -> Self {
        let progress = Progress {
            slot: slot.take(),
            was_called: false,
        };
        Self {
            slot,
            was_called,
            progress: Arc::new(Mutex::new(progress)),
        }
    }

    /// Runs the call until it finishes. `functions` wrap it, the outermost one first.
    pub(crate) async fn run(
        self,
        functions: Arc<[Around]>,
        handler: Arc<Handler>,
        call: Call,
    ) -> Result<Done, Failure> {
        let next = Next {
            functions,
            called: 0,
            handler: Arc::clone(&handler),
            progress: Arc::clone(&self.progress),
        };
        match next.run(JobCall::new(call, &handler.name)).await {
            Ok(JobOutput(done)) => Ok(done),
            Err(JobFailure(failure)) => Err(failure),
        }
    }
}

impl Drop for Wrapped<'_> {
    fn drop(&mut self) {
        let mut progress = progress(&self.progress);
        *self.slot = progress.slot.take();
        *self.was_called = progress.was_called;
    }
}

/// The output of a job: a value as JSON, or the end of a stream. It is cheap to clone, even if the value is large, so
/// an `around` function can keep it for later jobs.
///
/// ```
/// use runpod::JobOutput;
/// use runpod::prelude::*;
///
/// let output = JobOutput::new(&json!({ "words": 2 }))?;
/// assert_eq!(output.json(), Some(r#"{"words":2}"#));
/// # Ok::<_, runpod::JobFailure>(())
/// ```
#[derive(Debug, Clone)]
pub struct JobOutput(Done);

impl JobOutput {
    /// Creates an output, as if a handler had returned `value`. If the handler is a stream, the output replaces its
    /// items in the job's result.
    ///
    /// # Errors
    ///
    /// Returns an error if the value does not serialise.
    pub fn new<T: Serialize + ?Sized>(value: &T) -> JobResult {
        match Payload::of(value) {
            Ok(payload) => Ok(Self(Done::Value(payload))),
            Err(failure) => Err(JobFailure(failure)),
        }
    }

    /// Returns the JSON of the value, or `None` for a stream.
    pub fn json(&self) -> Option<&str> {
        match &self.0 {
            Done::Value(payload) => std::str::from_utf8(payload.value()).ok(),
            Done::Stream(_) => None,
            #[cfg(feature = "openai")]
            Done::Reported { value, .. } => std::str::from_utf8(value.as_ref()?.value()).ok(),
        }
    }
}
