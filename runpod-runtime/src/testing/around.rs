//! Functions around the call of a handler under test.

use std::future::Future;
use std::sync::Arc;

use super::Job;
use crate::handler::{JobCall, JobResult, Next, around};

impl Job {
    /// Adds a function that wraps the handler's call, like [`WorkerBuilder::around`](crate::WorkerBuilder::around).
    ///
    /// ```
    /// use runpod::prelude::*;
    /// use runpod::{JobCall, JobResult, Next, testing};
    ///
    /// async fn only_ada(call: JobCall, next: Next) -> JobResult {
    ///     if call.input::<String>()? != "Ada" {
    ///         Err("not Ada")?;
    ///     }
    ///     next.run(call).await
    /// }
    ///
    /// #[runpod::handler]
    /// fn greet(name: String) -> String {
    ///     format!("Hello, {name}!")
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let report = testing::Job::new(json!("Eve")).around(only_ada).blocking(greet).await;
    /// assert_eq!(report.error.as_deref(), Some("not Ada"));
    /// # }
    /// ```
    pub fn around<Fut>(
        mut self,
        function: impl Fn(JobCall, Next) -> Fut + Send + Sync + 'static,
    ) -> Self
    where
        Fut: Future<Output = JobResult> + Send + 'static,
    {
        let around = around(function);
        self.values.keep(Arc::clone(&around));
        self.around.push(around);
        self
    }
}
