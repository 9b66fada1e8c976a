//! Stream items on their way from a handler into its job's outbox.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::runtime::Handle;

use super::failure::Failure;
use super::outbox::Outbox;
use super::output::{HandlerValue, Output, Payload, truthy};
use crate::json;

/// How a stream ended.
#[derive(Debug, Clone)]
pub(crate) enum StreamEnd {
    Finished,
    Failed(Failure),
    /// An item was an object with a truthy `error`: the text of it.
    ItemError(String),
    /// Nobody wants further items: the job was stopped, or its items can no longer be delivered.
    Cancelled,
}

/// The platform takes no result of more than 20 MB; a stream that is to be repeated in its result has to end somewhere.
const MOST_AGGREGATED: usize = 64 << 20;

/// Where a job's items go, whatever kind of stream makes them.
#[derive(Debug, Clone)]
pub(crate) struct ItemSink {
    outbox: Outbox,
    /// Kept when the result is to carry all items (`return_aggregate_stream`).
    aggregate: Option<Arc<Mutex<Aggregate>>>,
    /// Set by the first item that ended the stream early.
    early_end: Arc<OnceLock<StreamEnd>>,
}

#[derive(Debug, Default)]
struct Aggregate {
    items: Vec<Payload>,
    bytes: usize,
}

impl Aggregate {
    /// `Err` when there are too many: the job is to fail then.
    fn add(&mut self, item: &Payload) -> Result<(), Failure> {
        self.bytes += item.text().len();
        if self.bytes > MOST_AGGREGATED {
            self.items = Vec::new();
            return Err(Failure::new(
                "AggregateTooLarge",
                format!(
                    "the stream's items have more than {} MiB together, and `return_aggregate_stream` repeats them all in \
                     the result, of which the platform takes 20 MB at most: end the stream earlier, or leave that option \
                     out, and the client reads the items from the stream",
                    MOST_AGGREGATED >> 20
                ),
            ));
        }
        self.items.push(item.clone());
        Ok(())
    }
}

impl ItemSink {
    pub(crate) fn new(outbox: Outbox, aggregate: bool) -> Self {
        Self {
            outbox,
            aggregate: aggregate.then(Arc::default),
            early_end: Arc::default(),
        }
    }

    /// Sends one item on its way. `Err` when the stream is to end here.
    pub(crate) async fn put(&self, item: Output) -> Result<(), Cancelled> {
        if self.early_end.get().is_some() {
            return Err(Cancelled(()));
        }
        let end = match item {
            Err(failure) => StreamEnd::Failed(failure),
            Ok(payload) => {
                if let Some(error) = payload.entry("error").filter(|error| truthy(error)) {
                    StreamEnd::ItemError(json::text_of(error))
                } else if let Err(failure) = self.aggregated(&payload) {
                    StreamEnd::Failed(failure)
                } else if self.outbox.item(payload).await {
                    return Ok(());
                } else {
                    StreamEnd::Cancelled
                }
            }
        };
        // The first reason counts.
        let _ = self.early_end.set(end);
        Err(Cancelled(()))
    }

    fn aggregated(&self, item: &Payload) -> Result<(), Failure> {
        self.aggregate.as_ref().map_or(Ok(()), |aggregate| {
            aggregate
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(item)
        })
    }

    /// What an item ended the stream with, if one did.
    pub(crate) fn early_end(&self) -> Option<StreamEnd> {
        self.early_end.get().cloned()
    }

    /// The items kept for the result; empty without aggregation.
    pub(crate) fn collected(&self) -> Vec<Payload> {
        self.aggregate.as_ref().map_or_else(Vec::new, |aggregate| {
            let mut aggregate = aggregate.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut aggregate.items)
        })
    }
}

/// Sends the items of a stream handler that is written as a plain function.
///
/// For code that pushes (callbacks of an inference library, several producers); where code can be written as a
/// generator, `stream!` reads better.
///
/// ```
/// # use runpod_runtime::{Cancelled, Emitter};
/// async fn count(to: u32, out: Emitter<u32>) -> Result<(), Cancelled> {
///     for n in 0..to {
///         out.send(n).await?;
///     }
///     Ok(())
/// }
/// # let _ = runpod_runtime::Worker::builder().stream(count);
/// ```
#[derive(Debug)]
pub struct Emitter<T> {
    sink: ItemSink,
    runtime: Handle,
    /// Kept here, so that whether items serialise is asked once, in the handler's signature.
    json: fn(T) -> Output,
}

impl<T> Clone for Emitter<T> {
    fn clone(&self) -> Self {
        Self {
            sink: self.sink.clone(),
            runtime: self.runtime.clone(),
            json: self.json,
        }
    }
}

impl<T: HandlerValue> Emitter<T> {
    /// For use inside of a runtime, where every handler is called.
    pub(super) fn new(sink: ItemSink) -> Self {
        Self {
            sink,
            runtime: Handle::current(),
            json: T::into_json,
        }
    }
}

impl<T> Emitter<T> {
    /// Sends one item, waiting while too many wait to be delivered (at most 64 items or 4 MiB).
    ///
    /// An item that is an object with a truthy `error` key ends the stream and fails the job, as in the Python worker.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] once the job was stopped or its stream has ended: make no more items.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped before it is ready, the item was not sent.
    pub async fn send(&self, item: T) -> Result<(), Cancelled> {
        self.sink.put((self.json)(item)).await
    }

    /// [`send`](Self::send) for code on a thread that may block: plain `fn` handlers and threads of their own.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// When called from asynchronous code, where it would hold up other jobs.
    pub fn blocking_send(&self, item: T) -> Result<(), Cancelled> {
        self.runtime.block_on(self.send(item))
    }
}

/// The job was stopped: its result is no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the job was stopped: nobody waits for further items")]
pub struct Cancelled(());

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_without_end_that_is_to_be_repeated_fails_and_frees_what_was_kept() {
        let outbox = Outbox::new();
        let sink = ItemSink::new(outbox.clone(), true);
        let reader = tokio::spawn(async move { while outbox.next().await.is_some() {} });
        let item = Payload::of(&"x".repeat(1 << 20)).unwrap();
        let mut sent = 0;
        while sink.put(Ok(item.clone())).await.is_ok() {
            sent += 1;
            assert!(sent <= MOST_AGGREGATED >> 20, "the stream goes on");
        }
        reader.abort();
        assert_eq!(sent, (MOST_AGGREGATED >> 20) - 1);
        let Some(StreamEnd::Failed(failure)) = sink.early_end() else {
            panic!("the stream did not fail: {:?}", sink.early_end());
        };
        assert!(failure.message.contains("return_aggregate_stream"));
        assert_eq!(sink.collected().len(), 0);
    }
}
