//! A handler's view of its running job.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use serde::Serialize;

use super::cancel::{Cancel, CancelReason};
use super::checkpoint::{Checkpoint, Timings};
use super::outbox::{Outbox, WorkerLink};
use super::output::Payload;

/// A handle on the running job: its id, progress, refresh and cancellation.
///
/// A handler takes it as an argument, at any position. It is cheap to clone, and all clones refer to the same job, so
/// you can pass clones to your own tasks and threads. In a test, run the handler as a job with
/// [`testing::Job`](crate::testing::Job), or call it with a [`testing::context`](crate::testing::context).
/// `docs/how-to/report-progress.md` and `docs/how-to/refresh-the-worker.md` show more.
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
    /// Created on first use, because most jobs send no items and no progress.
    outbox: OnceLock<Outbox>,
    /// Whether the job has stopped accepting items and progress. An outbox that is created later starts closed.
    closed: AtomicBool,
    refresh: AtomicBool,
    /// `None` without `--rp_debugger`.
    timings: Option<Timings>,
    #[cfg(feature = "download")]
    directory: super::job_directory::JobDirectory,
    /// The job's `s3Config`: the bucket to which the job's client wants its files.
    #[cfg(feature = "upload")]
    s3_config: OnceLock<serde_json::Value>,
}

impl JobContext {
    pub(crate) fn new(job_id: Arc<str>, worker_id: Arc<str>, worker: Arc<dyn WorkerLink>) -> Self {
        Self(Arc::new(Inner {
            timings: worker.measures().then(Timings::default),
            job_id,
            worker_id,
            worker,
            cancel: Cancel::default(),
            outbox: OnceLock::new(),
            closed: AtomicBool::new(false),
            refresh: AtomicBool::new(false),
            #[cfg(feature = "download")]
            directory: super::job_directory::JobDirectory::default(),
            #[cfg(feature = "upload")]
            s3_config: OnceLock::new(),
        }))
    }

    /// Uses an existing outbox.
    pub(crate) fn with_outbox(self, outbox: Outbox) -> Self {
        let _ = self.0.outbox.set(outbox);
        self
    }

    /// Returns the job's outbox, and creates it if necessary.
    pub(crate) fn outbox(&self) -> &Outbox {
        let inner = &self.0;
        if let Some(outbox) = inner.outbox.get() {
            return outbox;
        }
        let new = || Outbox::of(Arc::clone(&inner.job_id), Arc::clone(&inner.worker));
        let outbox = inner.outbox.get_or_init(new);
        // Checked after the outbox exists. If one thread creates the outbox while another closes the job, at least
        // one of them sees the other's change.
        if inner.closed.load(Ordering::SeqCst) {
            outbox.discard();
        }
        outbox
    }

    /// Stops accepting items and progress. Waiting messages are still sent.
    pub(crate) fn close_outbox(&self) {
        self.close(Outbox::close);
    }

    /// Like [`close_outbox`](Self::close_outbox), but also lets the reader finish once it has sent the waiting
    /// messages.
    pub(crate) fn end_outbox(&self) {
        self.close(Outbox::end);
    }

    /// Like [`close_outbox`](Self::close_outbox), but also discards the waiting messages.
    pub(crate) fn discard_outbox(&self) {
        self.close(Outbox::discard);
    }

    fn close(&self, how: impl FnOnce(&Outbox)) {
        self.0.closed.store(true, Ordering::SeqCst);
        if let Some(outbox) = self.0.outbox.get() {
            how(outbox);
        }
    }

    /// Returns the job's outbox if it exists. It exists for a stream, and for a job that has sent progress.
    pub(crate) fn outbox_in_use(&self) -> Option<&Outbox> {
        self.0.outbox.get()
    }

    pub(crate) fn cancel(&self) -> &Cancel {
        &self.0.cancel
    }

    #[cfg(feature = "download")]
    pub(super) fn own_directory(&self) -> &super::job_directory::JobDirectory {
        &self.0.directory
    }

    /// Remembers the job's `s3Config` for its uploads.
    #[cfg(feature = "upload")]
    pub(crate) fn remember_s3_config(&self, job: &super::job::TakenJob) {
        if let Some(config) = job.extra.get("s3Config") {
            let _ = self.0.s3_config.set(config.clone());
        }
    }

    #[cfg(feature = "upload")]
    pub(crate) fn s3_config(&self) -> Option<&serde_json::Value> {
        self.0.s3_config.get()
    }

    /// Returns the job's id as a shared string.
    pub(crate) fn shared_job_id(&self) -> &Arc<str> {
        &self.0.job_id
    }

    /// Returns the job's id, which is also the id that the client knows.
    pub fn job_id(&self) -> &str {
        &self.0.job_id
    }

    /// Returns this worker's id: the value of `RUNPOD_POD_ID`, or a random id if the variable is not set. In
    /// [`testing`](crate::testing), the id is `test`.
    pub fn worker_id(&self) -> &str {
        &self.0.worker_id
    }

    /// Sends a progress update to the client. The update can be any value that serialises. The client sees it as the
    /// `output` of a job with the status `IN_PROGRESS`.
    ///
    /// This method never waits. A newer update replaces an update that has not been sent yet. No update is delivered
    /// after the job's result. If an update does not serialise, the worker logs a warning and skips it, and the job
    /// continues. *While a job runs* in `docs/reference/protocol.md` describes the request.
    pub fn progress(&self, update: impl Serialize) {
        match Payload::progress(&update) {
            Ok(update) => self.outbox().progress(update),
            Err(failure) => {
                tracing::warn!("a progress update was not sent: {}", failure.message);
            }
        }
    }

    /// Asks for a fresh worker after this job, whether the job succeeds or fails.
    ///
    /// The result contains `stopPod`. The worker takes no further jobs and finishes its running jobs. Then it exits
    /// with code 0. A top-level `refresh_worker` key in the output has the same effect.
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::testing;
    ///
    /// #[runpod::handler]
    /// async fn render(pixels: u64, ctx: JobContext) -> u64 {
    ///     if pixels > 1_000_000 {
    ///         ctx.refresh_worker(); // a new process returns all this memory
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

    /// Marks this worker as broken, for example because of a lost GPU or a corrupted model.
    ///
    /// The worker takes no further jobs, finishes its running jobs, reports itself unhealthy and exits with code 1.
    /// The reason is logged as an error. If this method is called several times, the first reason counts.
    ///
    /// This job continues, and its result is whatever the handler returns. With
    /// [`Worker::builder`](crate::Worker::builder), the worker's run ends with an [`Error`](crate::Error) of the kind
    /// [`Unhealthy`](crate::ErrorKind::Unhealthy).
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

    /// Returns whether the job was cancelled.
    ///
    /// Plain `fn` handlers cannot be interrupted: call this method regularly in them, and return early if it returns
    /// true. The return value of a cancelled job is discarded.
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

    /// Waits until the job is cancelled. If this never happens, the future never completes.
    ///
    /// Use this method in tasks that an async handler spawns. After a cancellation, the handler itself is dropped at
    /// its next `await`, but its tasks continue.
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
    /// This method is cancel safe: you can drop the future and call the method again at any time.
    pub async fn cancelled(&self) {
        self.0.cancel.cancelled().await;
    }

    /// Returns the reason why the job was cancelled, or `None` if it was not. [`CancelReason`] has an example with a
    /// handler.
    ///
    /// ```
    /// use runpod::CancelReason;
    /// use runpod::prelude::*;
    ///
    /// /// Returns whether partial results are worth keeping, because the client may submit the job again.
    /// fn may_come_again(ctx: &JobContext) -> bool {
    ///     ctx.cancel_reason() == Some(CancelReason::Shutdown)
    /// }
    /// ```
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        self.0.cancel.reason()
    }

    /// Measures the time until the guard is dropped, for `--rp_debugger`. [`Checkpoint`] explains where the time is
    /// shown.
    ///
    /// Give the guard a name: `let _timing = …` measures until the end of the block. A guard in `let _ = …` or in a
    /// plain statement (the compiler warns about the latter) is dropped immediately and measures nothing.
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
        Checkpoint::begin(self.0.timings.as_ref(), name)
    }

    pub(crate) fn wants_refresh(&self) -> bool {
        self.0.refresh.load(Ordering::Relaxed)
    }

    /// Returns the sections that the job has measured, with `--rp_debugger`.
    pub(crate) fn timings(&self) -> Option<&Timings> {
        self.0.timings.as_ref()
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
