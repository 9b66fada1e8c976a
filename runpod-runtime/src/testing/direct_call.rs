//! Arguments other than the input, for tests that call a handler as a function.

use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde_json::Value;

use super::Job;
use crate::handler::{
    CancelReason, Emitter, ItemSink, JobContext, Outbox, Payload, StreamEnd, WorkerLink,
};

/// Creates a [`JobContext`] for a test that calls a handler as a function, and a handle that shows what the handler
/// does with it.
///
/// The job's id and the worker's id are `test`. [`Job::context`] creates a context with another job id.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler]
/// async fn train(epochs: u32, ctx: JobContext) -> String {
///     for epoch in 1..=epochs {
///         ctx.progress(epoch);
///     }
///     ctx.refresh_worker();
///     format!("job {}", ctx.job_id())
/// }
///
/// #[tokio::main] // `#[tokio::test]`, in a test
/// async fn main() {
///     let (ctx, job) = testing::context();
///     assert_eq!(train(2, ctx).await, "job test");
///     assert_eq!(job.progress(), [json!(1), json!(2)]);
///     assert!(job.wants_refresh());
/// }
/// ```
pub fn context() -> (JobContext, ContextHandle) {
    Job::new(Value::Null).context()
}

/// Creates an [`Emitter`] for a test that calls a stream handler as a function, and a handle that collects the items.
///
/// Items do not wait for a network, so a handler can send any number of them before the test looks at them.
/// `blocking_send` works on any thread.
///
/// ```
/// use runpod::Cancelled;
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(stream)]
/// fn letters(text: String, out: Emitter<char>) -> Result<(), Cancelled> {
///     text.chars().try_for_each(|letter| out.blocking_send(letter))
/// }
///
/// let (out, stream) = testing::emitter();
/// assert_eq!(letters("to".to_owned(), out), Ok(()));
/// assert_eq!(stream.items(), [json!("t"), json!("o")]);
/// ```
pub fn emitter<T: Serialize>() -> (Emitter<T>, EmitterHandle) {
    let outbox = Outbox::keeping_all();
    let sink = ItemSink::new(outbox.clone(), false);
    let emitter = Emitter::without_a_job(sink.clone());
    (emitter, EmitterHandle { sink, outbox })
}

/// A handle that shows what a handler did with its [`JobContext`], and cancels its job. [`context`] and
/// [`Job::context`] create one.
///
/// ```
/// use runpod::CancelReason;
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler]
/// fn search(from: u64, ctx: JobContext) -> Option<u64> {
///     ctx.progress(json!({ "from": from }));
///     (from..).take_while(|_| !ctx.is_cancelled()).find(|number| number % 7919 == 0)
/// }
///
/// let (ctx, job) = testing::context();
/// assert_eq!(search(7900, ctx.clone()), Some(7919));
/// assert_eq!(job.progress(), [json!({ "from": 7900 })]);
/// assert!(!job.wants_refresh());
/// assert_eq!(job.unhealthy(), None);
///
/// job.cancel(CancelReason::Stopped);
/// assert_eq!(search(7900, ctx.clone()), None);
/// assert_eq!(ctx.cancel_reason(), Some(CancelReason::Stopped));
/// ```
#[derive(Debug, Clone)]
pub struct ContextHandle {
    context: JobContext,
    worker: Arc<NoWorker>,
}

/// Records the handler's calls in place of a worker.
#[derive(Debug, Default)]
struct NoWorker {
    /// Only the first reason is kept.
    unhealthy: OnceLock<String>,
}

impl WorkerLink for NoWorker {
    fn unhealthy(&self, reason: String) {
        let _ = self.unhealthy.set(reason);
    }

    fn emits(&self, _job_id: &Arc<str>) {}
}

/// A handle that collects the items that a handler sent with its [`Emitter`], and cancels its stream. [`emitter`]
/// creates one.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(stream)]
/// async fn count(from: u32, out: Emitter<Value>) -> Result<(), runpod::Cancelled> {
///     for number in from.. {
///         let item = if number == 9 { json!({ "error": "9 is too much" }) } else { json!(number) };
///         out.send(item).await?;
///     }
///     Ok(())
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let (out, stream) = testing::emitter();
/// assert!(count(7, out).await.is_err());
/// assert_eq!(stream.items(), [json!(7), json!(8)]);
/// assert_eq!(stream.error().as_deref(), Some("9 is too much"));
///
/// let (out, stream) = testing::emitter();
/// stream.cancel();
/// assert!(count(7, out).await.is_err());
/// assert!(stream.items().is_empty());
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct EmitterHandle {
    sink: ItemSink,
    outbox: Outbox,
}

impl Job {
    /// Creates a [`JobContext`] of this job for a test that calls the handler as a function, and its handle.
    ///
    /// The context contains neither the job's input nor its state. Pass them to the handler yourself:
    /// [`State::new`](crate::State::new) and [`Job::new`](crate::Job::new) create its arguments.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// #[runpod::handler]
    /// fn infer(prompt: String, ctx: JobContext) -> Result<String, String> {
    ///     if prompt == "lost" {
    ///         ctx.mark_unhealthy("the GPU is gone");
    ///     }
    ///     Err(format!("job {} has no GPU", ctx.job_id()))
    /// }
    ///
    /// let (ctx, job) = testing::Job::new(json!(null)).id("j1").context();
    /// assert_eq!(infer("lost".to_owned(), ctx), Err("job j1 has no GPU".to_owned()));
    /// assert_eq!(job.unhealthy().as_deref(), Some("the GPU is gone"));
    /// ```
    pub fn context(&self) -> (JobContext, ContextHandle) {
        let worker = Arc::<NoWorker>::default();
        let id = self.id.as_str().into();
        let context = JobContext::new(id, "test".into(), Arc::clone(&worker) as _)
            .with_outbox(Outbox::keeping_all());
        let handle = ContextHandle {
            context: context.clone(),
            worker,
        };
        (context, handle)
    }
}

impl ContextHandle {
    /// Returns all progress updates so far. Unlike in a worker, newer updates do not replace older ones.
    pub fn progress(&self) -> Vec<Value> {
        values(self.context.outbox().progress_updates().iter())
    }

    /// Returns whether the handler asked for a fresh worker with [`JobContext::refresh_worker`].
    pub fn wants_refresh(&self) -> bool {
        self.context.wants_refresh()
    }

    /// Returns the first reason that the handler gave to [`JobContext::mark_unhealthy`].
    pub fn unhealthy(&self) -> Option<String> {
        self.worker.unhealthy.get().cloned()
    }

    /// Cancels the job. Only the first reason counts.
    ///
    /// The context reports the cancellation from now on. A worker would also drop the future of an async handler, but
    /// a future that your test awaits is not dropped.
    pub fn cancel(&self, reason: CancelReason) {
        self.context.cancel().cancel(reason);
    }
}

impl EmitterHandle {
    /// Returns the items so far.
    pub fn items(&self) -> Vec<Value> {
        values(self.outbox.undelivered().iter().map(|item| &**item))
    }

    /// Returns the error of the item that ended the stream: the item had an `error` key, or did not serialise.
    pub fn error(&self) -> Option<String> {
        match self.sink.early_end()? {
            StreamEnd::ItemError(message) => Some(message),
            StreamEnd::Failed(failure) => Some(failure.message),
            StreamEnd::Finished | StreamEnd::Cancelled => None,
        }
    }

    /// Cancels the stream. From now on, sending an item returns [`Cancelled`](crate::Cancelled).
    pub fn cancel(&self) {
        self.outbox.close();
    }
}

fn values<'p>(payloads: impl Iterator<Item = &'p Payload>) -> Vec<Value> {
    payloads
        .filter_map(|payload| serde_json::from_slice(payload.value()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_sent_is_there_however_much_it_is() {
        let (out, stream) = emitter::<usize>();
        let (ctx, job) = context();
        for number in 0..1000 {
            assert_eq!(out.blocking_send(number), Ok(()));
            ctx.progress(number);
        }
        assert_eq!(stream.items().len(), 1000);
        assert_eq!(job.progress().len(), 1000);
        assert_eq!(job.progress()[500], 500);
    }

    #[tokio::test]
    async fn sending_works_inside_of_a_runtime_as_well() {
        let (out, stream) = emitter();
        assert_eq!(out.blocking_send("a"), Ok(()));
        assert_eq!(out.send("b").await, Ok(()));
        assert_eq!(stream.items(), ["a", "b"]);
        stream.cancel();
        assert!(out.blocking_send("c").is_err());
        assert_eq!(stream.items(), ["a", "b"]);
        assert_eq!(stream.error(), None);
    }

    #[test]
    fn only_the_first_reason_counts() {
        let (ctx, job) = context();
        assert_eq!((job.wants_refresh(), job.unhealthy()), (false, None));
        job.cancel(CancelReason::Shutdown);
        job.cancel(CancelReason::Stopped);
        assert_eq!(ctx.cancel_reason(), Some(CancelReason::Shutdown));
        ctx.mark_unhealthy("first");
        ctx.mark_unhealthy("second");
        assert_eq!(job.unhealthy().as_deref(), Some("first"));
    }
}
