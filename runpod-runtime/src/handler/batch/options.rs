//! The options of a batch handler.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::batch::Limits;

/// The options of a batch handler, for [`WorkerBuilder::batch`](crate::WorkerBuilder::batch).
///
/// They correspond to the options of `#[runpod::handler(batch)]`. `docs/how-to/batch-requests.md` explains them.
///
/// ```
/// use std::time::Duration;
///
/// use runpod::{Batching, Worker};
///
/// fn count(texts: Vec<String>) -> Vec<usize> {
///     texts.iter().map(String::len).collect()
/// }
///
/// let batching = Batching::new()
///     .max_batch_size(64)
///     .max_wait(Duration::from_millis(5))
///     .weight(|text: &String| text.len(), 65_536)
///     .concurrent_batches(2);
/// let worker = Worker::builder().batch(count, batching);
/// # drop(worker);
/// ```
#[derive(Clone)]
#[must_use = "options do nothing until a handler has them"]
pub struct Batching {
    pub(crate) limits: Limits,
    pub(super) weigh: Option<Weigh>,
}

/// Returns the weight of a job's part, or `None` if the part has another type.
pub(super) type Weigh = Arc<dyn Fn(&dyn Any) -> Option<usize> + Send + Sync>;

impl Batching {
    /// The default options, for generated code.
    #[doc(hidden)]
    pub const NEW: Self = Self {
        limits: Limits::NEW,
        weigh: None,
    };

    /// Creates the default options: at most 32 jobs in a call, a wait of at most 20 ms, no weights, one call at a time.
    pub const fn new() -> Self {
        Self::NEW
    }

    /// Sets the maximum number of jobs in a call. The default is 32, and 0 counts as 1.
    pub const fn max_batch_size(mut self, jobs: usize) -> Self {
        self.limits.max_batch_size = jobs;
        self
    }

    /// Sets how long a job may wait for other jobs while a call could start. The default is 20 milliseconds.
    ///
    /// A job waits only if waiting is expected to pay, and never longer than this. 0 means that a call starts as soon
    /// as possible.
    pub const fn max_wait(mut self, wait: Duration) -> Self {
        self.limits.max_wait = wait;
        self
    }

    /// Sets how many calls may run at the same time. The default is 1, and 0 counts as 1.
    pub const fn concurrent_batches(mut self, calls: usize) -> Self {
        self.limits.concurrent_batches = calls;
        self
    }

    /// Sets the function that weighs an input, and the maximum total weight of the jobs in a call.
    ///
    /// `T` is the type in one of the handler's `Vec`s, usually the input. A job that exceeds the maximum alone fails,
    /// with a message for its client.
    pub fn weight<T: 'static>(
        mut self,
        weigh: impl Fn(&T) -> usize + Send + Sync + 'static,
        max_weight: usize,
    ) -> Self {
        self.limits.max_weight = Some(max_weight);
        self.weigh = Some(Arc::new(move |part| part.downcast_ref().map(&weigh)));
        self
    }

    /// Sets the maximum total weight, for generated code, which calls the function itself.
    #[doc(hidden)]
    pub const fn max_weight(mut self, max_weight: usize) -> Self {
        self.limits.max_weight = Some(max_weight);
        self
    }

    /// Sets the maximum wait in milliseconds, for generated code.
    #[doc(hidden)]
    pub const fn max_wait_ms(self, wait: usize) -> Self {
        self.max_wait(Duration::from_millis(wait as u64))
    }
}

impl Default for Batching {
    fn default() -> Self {
        Self::NEW
    }
}

impl fmt::Debug for Batching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batching")
            .field("limits", &self.limits)
            .field("weighs", &self.weigh.is_some())
            .finish()
    }
}
