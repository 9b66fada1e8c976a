//! A handler's view of its running job.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::outbox::Outbox;
use super::output::Payload;

/// A handle on the running job: progress, refresh, cancellation. Cheap to clone; clones speak of the same job.
///
/// ```
/// # use runpod_runtime::Context;
/// async fn train(epochs: u32, ctx: Context) -> String {
///     for epoch in 0..epochs {
///         ctx.progress(serde_json::json!({ "epoch": epoch }));
///     }
///     format!("{} is done", ctx.job_id())
/// }
/// # let _ = train;
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    parts: ContextParts,
    refresh: AtomicBool,
    timings: Mutex<Vec<Timing>>,
}

/// What the worker makes a context from, and keeps to act on the job.
#[derive(Clone)]
pub(crate) struct ContextParts {
    pub(crate) job_id: Arc<str>,
    pub(crate) worker_id: Arc<str>,
    pub(crate) outbox: Outbox,
    pub(crate) cancel: CancellationToken,
    /// Set before `cancel` is triggered.
    pub(crate) reason: Arc<OnceLock<CancelReason>>,
    /// Told that the worker is broken, and why.
    pub(crate) unhealthy: Arc<dyn Fn(String) + Send + Sync>,
}

/// Why a job was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelReason {
    /// The platform stopped this job: it was cancelled by its client, or ran out of time. No result is sent.
    Stopped,
    /// The worker shuts down and its time to finish is over. The job is reported as failed.
    Shutdown,
}

/// A measured stretch of a job, shown under `rp_debugger` in the output when the worker runs with `--rp_debugger`.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    pub(crate) name: String,
    pub(crate) started: SystemTime,
    pub(crate) stopped: SystemTime,
    pub(crate) lasted: Duration,
}

impl Context {
    pub(crate) fn new(parts: ContextParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            refresh: AtomicBool::new(false),
            timings: Mutex::default(),
        }))
    }

    /// The job's id, as the client knows it.
    pub fn job_id(&self) -> &str {
        &self.0.parts.job_id
    }

    /// This worker's id.
    pub fn worker_id(&self) -> &str {
        &self.0.parts.worker_id
    }

    /// Tells the client how far the job is; it shows up as the output of a job `IN_PROGRESS`.
    ///
    /// Never waits: an update that could not be sent yet is replaced by a newer one, and none is ever delivered after the
    /// job's result. An update that does not serialise is logged and left out.
    pub fn progress(&self, update: impl Serialize) {
        match Payload::of(&update) {
            Ok(update) => self.0.parts.outbox.progress(update),
            Err(failure) => {
                tracing::warn!("a progress update was left out: {}", failure.message);
            }
        }
    }

    /// Asks for a fresh worker after this job: the result carries `stopPod`, the worker takes no further job and exits.
    /// The typed way to say what a top-level `refresh_worker` key in the output says.
    pub fn refresh_worker(&self) {
        self.0.refresh.store(true, Ordering::Relaxed);
    }

    /// Declares this worker broken (a lost GPU, a corrupted model): from now on it takes no further job, finishes what
    /// runs, reports itself unhealthy and exits with a code other than zero. The first reason counts.
    pub fn mark_unhealthy(&self, reason: impl Into<String>) {
        let reason = reason.into();
        tracing::error!("the handler declares this worker unhealthy: {reason}");
        (self.0.parts.unhealthy)(reason);
    }

    /// Whether the job was cancelled. For blocking handlers, which cannot be interrupted: look now and then, and return.
    pub fn is_cancelled(&self) -> bool {
        self.0.parts.cancel.is_cancelled()
    }

    /// Waits until the job is cancelled. An async handler is dropped then, so this is for tasks that it has spawned.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn cancelled(&self) {
        self.0.parts.cancel.cancelled().await;
    }

    /// Why the job was cancelled, if it was.
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        self.is_cancelled()
            .then(|| self.0.parts.reason.get().copied())
            .flatten()
    }

    /// Measures from now until the guard is dropped. Shown with `--rp_debugger` under `output.rp_debugger.timestamps`.
    ///
    /// ```
    /// # use runpod_runtime::Context;
    /// fn handler(input: u64, ctx: Context) -> u64 {
    ///     let _timing = ctx.checkpoint("square");
    ///     input * input
    /// }
    /// # let _ = handler;
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

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("job_id", &self.job_id())
            .field("cancelled", &self.cancel_reason())
            .finish_non_exhaustive()
    }
}

/// A running measurement; see [`Context::checkpoint`].
#[derive(Debug)]
#[must_use = "the measurement ends when this is dropped"]
pub struct Checkpoint {
    context: Context,
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
