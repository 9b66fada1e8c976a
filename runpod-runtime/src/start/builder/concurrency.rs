//! The number of jobs at once, chosen by the worker.

use std::ops::RangeInclusive;

use super::WorkerBuilder;

impl WorkerBuilder {
    /// Lets the worker choose how many jobs run at once, within these bounds.
    ///
    /// The worker starts at the lower bound. It tries a higher number while all slots are in use, and keeps it if the
    /// throughput grows enough. It tries a lower number if jobs become slower. With few jobs, the number does not change.
    ///
    /// The attribute's defaults are `1..=64`. If the worker has batch handlers, the lower bound should be at least twice
    /// `max_batch_size`, and the upper bound higher than that.
    ///
    /// If the range is empty or starts at 0, or if [`concurrency`](Self::concurrency) or
    /// [`concurrency_modifier`](Self::concurrency_modifier) is set as well, the worker does not start.
    ///
    /// ```
    /// use runpod::Worker;
    ///
    /// let worker = Worker::builder()
    ///     .handler(async |url: String| url.len())
    ///     .auto_concurrency(1..=32);
    /// # drop(worker);
    /// ```
    pub fn auto_concurrency(mut self, bounds: RangeInclusive<usize>) -> Self {
        let (min, max) = bounds.into_inner();
        let config = self.config.auto_concurrency();
        self.config = config.min_concurrency(min).max_concurrency(max);
        self
    }
}
