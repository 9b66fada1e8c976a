//! Functions around the calls of handlers.

use std::future::Future;
use std::sync::Arc;

use super::WorkerBuilder;
use crate::handler::{JobCall, JobResult, Next, around};

impl WorkerBuilder {
    /// Adds a function that wraps every call of a handler, for example for timing, authorisation or caching.
    ///
    /// The function sees the job's id, its raw input and the handler's name in the [`JobCall`], and calls the handler with
    /// [`Next::run`]. It can return an output or a failure without calling the handler, and it sees the result of the
    /// call. If this method is called several times, a job passes the functions in the order in which they were added.
    ///
    /// It wraps async, plain and `stream` handlers. For a stream, it wraps the whole call: [`Next::run`] returns when
    /// the stream has ended, and the function does not see the items. The function runs on the worker's async threads,
    /// so it must not block.
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use runpod::{HandlerError, JobCall, JobResult, Next, Worker};
    ///
    /// async fn timed(call: JobCall, next: Next) -> JobResult {
    ///     let (id, began) = (call.id().to_owned(), Instant::now());
    ///     let result = next.run(call).await;
    ///     println!("job {id} took {:?}; failed: {}", began.elapsed(), result.is_err());
    ///     result
    /// }
    ///
    /// async fn only_small(call: JobCall, next: Next) -> JobResult {
    ///     if call.raw_input().len() > 1_000_000 {
    ///         return Err(HandlerError::new("TooLarge", "the input is larger than 1 MB").into());
    ///     }
    ///     next.run(call).await
    /// }
    ///
    /// let worker = Worker::builder()
    ///     .handler(async |input: u64| input * 2)
    ///     .around(timed)
    ///     .around(only_small);
    /// # drop(worker);
    /// ```
    ///
    /// With attributes, write `#[runpod::main(around = timed)]`.
    pub fn around<Fut>(
        mut self,
        function: impl Fn(JobCall, Next) -> Fut + Send + Sync + 'static,
    ) -> Self
    where
        Fut: Future<Output = JobResult> + Send + 'static,
    {
        let around = around(function);
        self.values.keep(Arc::clone(&around));
        self.config.around.push(around);
        self
    }
}
