//! A handler's view of its running job.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use super::cancel::{Cancel, CancelReason};
use super::outbox::{Outbox, WorkerLink};
use super::output::Payload;

/// A handle on the running job: its id, progress, refresh, cancellation.
///
/// A handler gets one by asking for it, at any place among its arguments. It is cheap to clone, and clones speak of the
/// same job, so that tasks and threads of the handler's own may have one. In a test, run the handler as a job with
/// [`testing::Job`](crate::testing::Job), or call it with a [`testing::context`](crate::testing::context).
/// `docs/how-to/report-progress.md` and `docs/how-to/refresh-the-worker.md` have more.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler]
/// async fn train(epochs: u32, ctx: JobContext) -> String {
///     for epoch in 1..=epochs {
///         ctx.progress(json!({ "epoch": epoch, "of": epochs }));
///     }
///     format!("job {} on worker {} is done", ctx.job_id(), ctx.worker_id())
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!(3)).id("j1").run(train).await;
/// assert_eq!(report.output, Some(json!("job j1 on worker test is done")));
/// assert_eq!(report.progress.last(), Some(&json!({ "epoch": 3, "of": 3 })));
/// # }
/// ```
#[derive(Clone)]
pub struct JobContext(Arc<Inner>);

struct Inner {
    job_id: Arc<str>,
    worker_id: Arc<str>,
    worker: Arc<dyn WorkerLink>,
    cancel: Cancel,
    /// Made by the first that needs it: most jobs emit nothing.
    outbox: OnceLock<Outbox>,
    /// The job takes no more items and progress: whoever makes the outbox now gets one that is closed.
    closed: AtomicBool,
    refresh: AtomicBool,
    timings: Mutex<Vec<Timing>>,
}

/// A measured stretch of a job, shown under `rp_debugger` in the output when the worker runs with `--rp_debugger`.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    pub(crate) name: String,
    pub(crate) started: SystemTime,
    pub(crate) stopped: SystemTime,
    pub(crate) lasted: Duration,
}

impl JobContext {
    pub(crate) fn new(job_id: Arc<str>, worker_id: Arc<str>, worker: Arc<dyn WorkerLink>) -> Self {
        Self(Arc::new(Inner {
            job_id,
            worker_id,
            worker,
            cancel: Cancel::default(),
            outbox: OnceLock::new(),
            closed: AtomicBool::new(false),
            refresh: AtomicBool::new(false),
            timings: Mutex::default(),
        }))
    }

    /// With an outbox that is there already.
    pub(crate) fn with_outbox(self, outbox: Outbox) -> Self {
        let _ = self.0.outbox.set(outbox);
        self
    }

    /// The job's outbox.
    pub(crate) fn outbox(&self) -> &Outbox {
        let inner = &self.0;
        if let Some(outbox) = inner.outbox.get() {
            return outbox;
        }
        let new = || Outbox::of(Arc::clone(&inner.job_id), Arc::clone(&inner.worker));
        let outbox = inner.outbox.get_or_init(new);
        // Looked at after the outbox is there, so that one of the two who make it and close it sees the other.
        if inner.closed.load(Ordering::SeqCst) {
            outbox.discard();
        }
        outbox
    }

    /// Takes no more items and progress; what waits is still sent.
    pub(crate) fn close_outbox(&self) {
        self.close(Outbox::close);
    }

    /// The same, and whoever sends what waits ends after that.
    pub(crate) fn end_outbox(&self) {
        self.close(Outbox::end);
    }

    /// The same, and forgets what waits.
    pub(crate) fn discard_outbox(&self) {
        self.close(Outbox::discard);
    }

    fn close(&self, how: impl FnOnce(&Outbox)) {
        self.0.closed.store(true, Ordering::SeqCst);
        if let Some(outbox) = self.0.outbox.get() {
            how(outbox);
        }
    }

    /// The job's outbox if there is one: of a stream, and of a job that has sent progress.
    pub(crate) fn outbox_in_use(&self) -> Option<&Outbox> {
        self.0.outbox.get()
    }

    pub(crate) fn cancel(&self) -> &Cancel {
        &self.0.cancel
    }

    /// The job's id, to be shared.
    pub(crate) fn shared_job_id(&self) -> &Arc<str> {
        &self.0.job_id
    }

    /// The job's id, as the client knows it.
    pub fn job_id(&self) -> &str {
        &self.0.job_id
    }

    /// This worker's id: `RUNPOD_POD_ID`, or a random one where that is not set. In
    /// [`testing`](crate::testing) it is `test`.
    pub fn worker_id(&self) -> &str {
        &self.0.worker_id
    }

    /// Tells the client how far the job is: anything that serialises. It shows up as the `output` of a job that is
    /// `IN_PROGRESS`.
    ///
    /// Never waits: an update that could not be sent yet is replaced by a newer one, and none is ever delivered after the
    /// job's result. An update that does not serialise is logged and left out; the job goes on. What is posted is under
    /// *While a job runs* in `docs/reference/protocol.md`.
    pub fn progress(&self, update: impl Serialize) {
        match Payload::progress(&update) {
            Ok(update) => self.outbox().progress(update),
            Err(failure) => {
                tracing::warn!("a progress update was not sent: {}", failure.message);
            }
        }
    }

    /// Asks for a fresh worker after this job, whether it succeeds or fails: the result carries `stopPod`, the worker
    /// takes no further job, finishes what runs and exits with code 0. The typed way to say what a top-level
    /// `refresh_worker` key in the output says.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// #[runpod::handler]
    /// async fn render(pixels: u64, ctx: JobContext) -> u64 {
    ///     if pixels > 1_000_000 {
    ///         ctx.refresh_worker(); // so much memory is better given back by a new process
    ///     }
    ///     pixels
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// assert!(testing::Job::new(json!(4_000_000)).run(render).await.refresh_worker);
    /// assert!(!testing::Job::new(json!(4)).run(render).await.refresh_worker);
    /// # }
    /// ```
    pub fn refresh_worker(&self) {
        self.0.refresh.store(true, Ordering::Relaxed);
    }

    /// Declares this worker broken (a lost GPU, a corrupted model): from now on it takes no further job, finishes what
    /// runs, reports itself unhealthy and exits with code 1. The first reason counts, and is logged as an error.
    ///
    /// This job goes on, and its result is whatever the handler returns. With [`Worker::builder`](crate::Worker::builder)
    /// the worker's end is an [`Error`](crate::Error) of the kind [`Unhealthy`](crate::ErrorKind::Unhealthy).
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// # fn free_gpu_memory() -> Option<u64> { None }
    /// #[runpod::handler]
    /// fn infer(_prompt: String, ctx: JobContext) -> Result<u64, String> {
    ///     free_gpu_memory().ok_or_else(|| {
    ///         ctx.mark_unhealthy("the GPU is gone");
    ///         "no GPU".to_owned()
    ///     })
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let report = testing::Job::new(json!("hello")).blocking(infer).await;
    /// assert_eq!(report.error.as_deref(), Some("no GPU"));
    /// # }
    /// ```
    pub fn mark_unhealthy(&self, reason: impl Into<String>) {
        let reason = reason.into();
        tracing::error!("the handler marked this worker as unhealthy: {reason}");
        self.0.worker.unhealthy(reason);
    }

    /// Whether the job was cancelled. For plain `fn` handlers, which cannot be interrupted: look now and then, and return.
    /// What is returned then is thrown away.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// #[runpod::handler]
    /// fn sum(to: u64, ctx: JobContext) -> u64 {
    ///     (0..to).take_while(|_| !ctx.is_cancelled()).sum()
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let report = testing::Job::new(json!(5)).blocking(sum).await;
    /// assert_eq!(report.output, Some(json!(10)));
    /// # }
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.0.cancel.reason().is_some()
    }

    /// Waits until the job is cancelled; for ever, if it never is. An async handler is dropped at its next `await` then,
    /// so this is for tasks that it has spawned: they outlive it.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// # async fn draw(frames: u32) -> u32 { frames }
    /// #[runpod::handler]
    /// async fn render(frames: u32, ctx: JobContext) -> Option<u32> {
    ///     let task = tokio::spawn(async move {
    ///         tokio::select! {
    ///             drawn = draw(frames) => Some(drawn),
    ///             () = ctx.cancelled() => None,
    ///         }
    ///     });
    ///     task.await.ok().flatten()
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let report = testing::Job::new(json!(24)).run(render).await;
    /// assert_eq!(report.output, Some(json!(24)));
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn cancelled(&self) {
        self.0.cancel.cancelled().await;
    }

    /// Why the job was cancelled, if it was. [`CancelReason`] has an example with a handler.
    ///
    /// ```
    /// use runpod::CancelReason;
    /// use runpod::prelude::*;
    ///
    /// /// Whether it is worth keeping what was done so far: the job may come again.
    /// fn may_come_again(ctx: &JobContext) -> bool {
    ///     ctx.cancel_reason() == Some(CancelReason::Shutdown)
    /// }
    /// ```
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        self.0.cancel.reason()
    }

    /// Measures from now until the guard is dropped, for `--rp_debugger`; [`Checkpoint`] says where it is shown.
    ///
    /// Give the guard a name: `let _timing = …` measures until the end of the block. As a statement, of which the compiler
    /// warns, and as `let _ = …`, the guard is dropped at once and measures nothing.
    ///
    /// ```
    /// use runpod::prelude::*;
    ///
    /// #[runpod::handler]
    /// fn square(input: u64, ctx: JobContext) -> Value {
    ///     let _timing = ctx.checkpoint("square");
    ///     json!({ "square": input * input })
    /// }
    /// ```
    pub fn checkpoint(&self, name: impl Into<String>) -> Checkpoint {
        Checkpoint {
            context: self.clone(),
            name: name.into(),
            started: SystemTime::now(),
            from: Instant::now(),
        }
    }

    pub(crate) fn wants_refresh(&self) -> bool {
        self.0.refresh.load(Ordering::Relaxed)
    }

    pub(crate) fn timings(&self) -> Vec<Timing> {
        self.0
            .timings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("job_id", &self.job_id())
            .field("cancelled", &self.cancel_reason())
            .finish_non_exhaustive()
    }
}

/// A stretch of a job that is being measured, from [`JobContext::checkpoint`] until this is dropped.
///
/// With `--rp_debugger` it is shown in outputs that are objects, under `rp_debugger.timestamps`: the name, start and stop
/// (UTC), and `duration_ms`. Without that flag it costs next to nothing, and shows nothing.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler]
/// fn shout(text: String, ctx: JobContext) -> Value {
///     let whole = ctx.checkpoint("whole job");
///     let text = {
///         let _part = ctx.checkpoint("upper case"); // `_part`, not `_`, which would drop it at once
///         text.to_uppercase()
///     };
///     drop(whole);
///     json!({ "text": text })
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!("hi")).blocking(shout).await;
/// assert_eq!(report.output, Some(json!({ "text": "HI" })));
/// # }
/// ```
#[derive(Debug)]
#[must_use = "it measures until it is dropped: give it a name, as in `let _timing = ctx.checkpoint(\"…\");`, to measure until \
              the end of the block; `let _ = …` drops it at once and measures nothing"]
pub struct Checkpoint {
    context: JobContext,
    name: String,
    started: SystemTime,
    from: Instant,
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        let timing = Timing {
            name: std::mem::take(&mut self.name),
            started: self.started,
            stopped: SystemTime::now(),
            lasted: self.from.elapsed(),
        };
        self.context
            .0
            .timings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(timing);
    }
}
