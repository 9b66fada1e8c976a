//! Cancels a job under test.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Job;

/// Cancels the job when this future has finished.
pub(super) struct CancelWhen(Pin<Box<dyn Future<Output = ()> + Send>>);

/// Waits on the test's runtime, so that a paused clock works. The wait ends with the job.
pub(super) struct Cancelling {
    token: CancellationToken,
    waiting: JoinHandle<()>,
}

impl CancelWhen {
    pub(super) fn start(self) -> Cancelling {
        let token = CancellationToken::new();
        let cancelled = token.clone();
        let waiting = tokio::spawn(async move {
            self.0.await;
            cancelled.cancel();
        });
        Cancelling { token, waiting }
    }
}

impl Cancelling {
    pub(super) fn token(&self) -> CancellationToken {
        self.token.clone()
    }
}

impl Drop for Cancelling {
    fn drop(&mut self) {
        self.waiting.abort();
    }
}

impl fmt::Debug for CancelWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CancelWhen")
    }
}

impl Job {
    /// Cancels the job as soon as `signal` has finished, as if its client had cancelled it.
    ///
    /// An async handler is dropped at its next `await`. A plain `fn` handler sees [`is_cancelled`] and its output is
    /// discarded. [`Report::cancelled`](super::Report::cancelled) is then `true`, unless the job finished before.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use runpod::prelude::*;
    /// use runpod::testing;
    /// use tokio::sync::Notify;
    ///
    /// #[runpod::handler]
    /// async fn wait(_input: Value, started: State<Notify>) {
    ///     started.notify_one();
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let started = Arc::new(Notify::new());
    /// let job = testing::Job::new(json!(null)).state(Arc::clone(&started));
    /// let report = job.cancel_when(async move { started.notified().await }).run(wait).await;
    /// assert!(report.cancelled);
    /// # }
    /// ```
    ///
    /// [`is_cancelled`]: crate::JobContext::is_cancelled
    pub fn cancel_when(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.cancel_when = Some(CancelWhen(Box::pin(signal)));
        self
    }
}
