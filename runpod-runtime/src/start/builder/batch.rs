//! Batch handlers.

use super::WorkerBuilder;
use crate::handler::{BatchFunction, Batching};

impl WorkerBuilder {
    /// Adds a function or closure that handles many jobs in one call: an `async fn`, or a plain `fn`, which is called
    /// on a thread that may block.
    ///
    /// It takes a `Vec` with one input for each job, and returns a `Vec` with one result for each job, in the same
    /// order. It may also take a [`State<T>`](crate::State). If it is a function with `#[runpod::handler(batch)]`, the
    /// attribute's options count instead of `batching`.
    ///
    /// ```
    /// use runpod::{Batching, Worker};
    ///
    /// fn count(texts: Vec<String>) -> Vec<usize> {
    ///     texts.iter().map(String::len).collect()
    /// }
    ///
    /// let worker = Worker::builder().batch(count, Batching::new().max_batch_size(16));
    /// # drop(worker);
    /// ```
    ///
    /// The default [`concurrency`](Self::concurrency) becomes twice `max_batch_size`, so that the next batch can fill
    /// while a call runs.
    pub fn batch<Via>(self, function: impl BatchFunction<Via>, batching: Batching) -> Self {
        self.with(function.into_handler(batching).0)
    }
}
