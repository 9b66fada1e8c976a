//! Measured sections of a job, for `--rp_debugger`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// A measured section of a job, shown under `rp_debugger` in the output.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    pub(crate) name: String,
    pub(crate) started: SystemTime,
    /// `None` until the section ends.
    pub(crate) stopped: Option<Stopped>,
}

/// The end of a section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopped {
    pub(crate) at: SystemTime,
    pub(crate) after: Duration,
}

/// The sections of a job, in the order in which they started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timings(Arc<Mutex<Vec<Timing>>>);

impl Timings {
    /// Returns the sections so far.
    pub(crate) fn all(&self) -> Vec<Timing> {
        self.list().clone()
    }

    fn list(&self) -> MutexGuard<'_, Vec<Timing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guard that measures a section of a job, from [`JobContext::checkpoint`](crate::JobContext::checkpoint) until it is dropped.
///
/// With `--rp_debugger`, outputs that are objects show the section under `rp_debugger.timestamps`: its name, its
/// start and stop times (UTC), and its `duration_ms`. The sections are in the order in which they started. Without that
/// flag, the guard measures nothing and allocates nothing.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler]
/// fn shout(text: String, ctx: JobContext) -> Value {
///     let whole = ctx.checkpoint("whole job");
///     let text = {
///         let _part = ctx.checkpoint("upper case"); // `_part`, because `_` would drop the guard immediately
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
pub struct Checkpoint(Option<Section>);

/// A section that has not ended.
#[derive(Debug)]
struct Section {
    timings: Timings,
    index: usize,
    from: Instant,
}

impl Checkpoint {
    /// Starts a section, unless nothing is measured.
    pub(super) fn begin(timings: Option<&Timings>, name: impl Into<String>) -> Self {
        Self(timings.map(|timings| {
            let timing = Timing {
                name: name.into(),
                started: SystemTime::now(),
                stopped: None,
            };
            let mut list = timings.list();
            list.push(timing);
            Section {
                timings: timings.clone(),
                index: list.len() - 1,
                from: Instant::now(),
            }
        }))
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        if let Some(section) = &self.0
            && let Some(timing) = section.timings.list().get_mut(section.index)
        {
            timing.stopped = Some(Stopped {
                at: SystemTime::now(),
                after: section.from.elapsed(),
            });
        }
    }
}
