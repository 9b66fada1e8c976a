//! Cancels a job under test.

use std::future::Future;

use super::Job;
use super::cancelling::CancelWhen;

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
        self.cancel_when = Some(CancelWhen::new(signal));
        self
    }
}
