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

/// Where a job's items go, whatever kind of stream makes them.
#[derive(Debug, Clone)]
pub(crate) struct ItemSink {
    outbox: Outbox,
    /// Kept when the result is to carry all items (`return_aggregate_stream`).
    aggregate: Option<Arc<Mutex<Vec<Payload>>>>,
    /// Set by the first item that ended the stream early.
    early_end: Arc<OnceLock<StreamEnd>>,
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
                } else {
                    if let Some(aggregate) = &self.aggregate {
                        aggregate
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(payload.clone());
                    }
                    if self.outbox.item(payload).await {
                        return Ok(());
                    }
                    StreamEnd::Cancelled
                }
            }
        };
        // The first reason counts.
        let _ = self.early_end.set(end);
        Err(Cancelled(()))
    }

    /// What an item ended the stream with, if one did.
    pub(crate) fn early_end(&self) -> Option<StreamEnd> {
        self.early_end.get().cloned()
    }

    /// The items kept for the result; empty without aggregation.
    pub(crate) fn collected(&self) -> Vec<Payload> {
        self.aggregate.as_ref().map_or_else(Vec::new, |aggregate| {
            std::mem::take(&mut *aggregate.lock().unwrap_or_else(PoisonError::into_inner))
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
