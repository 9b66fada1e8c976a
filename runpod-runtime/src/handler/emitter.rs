//! Sends stream items from a handler to its job's outbox.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::Handle;

use super::failure::Failure;
use super::outbox::Outbox;
use super::output::HandlerValue;
use super::output::{Output, Payload, truthy};
use crate::json;

/// The end of a stream.
#[derive(Debug, Clone)]
pub(crate) enum StreamEnd {
    Finished,
    Failed(Failure),
    /// An item was an object with a truthy `error` key; this is the error's text.
    ItemError(String),
    /// No further items are accepted: the job was stopped, or its items cannot be delivered any more.
    Cancelled,
}

/// The maximum number of bytes of items that a result can repeat. The platform accepts at most 20 MB per result, so
/// `return_aggregate_stream` needs a limit.
const MOST_AGGREGATED: usize = 64 << 20;

/// The destination of a job's items, whichever kind of stream produces them.
#[derive(Debug, Clone)]
pub(crate) struct ItemSink {
    outbox: Outbox,
    /// The items to repeat in the result, if `return_aggregate_stream` is set.
    aggregate: Option<Arc<Mutex<Aggregate>>>,
    /// Set by the first item that ended the stream early.
    early_end: Arc<OnceLock<StreamEnd>>,
    #[cfg(feature = "openai")]
    form: Option<Arc<dyn super::form::ItemForm>>,
}

#[derive(Debug, Default)]
struct Aggregate {
    items: Vec<Payload>,
    bytes: usize,
}

impl Aggregate {
    /// Checks whether the item still fits into the result. If not, returns an error, and the job fails.
    fn room_for(&mut self, item: &Payload) -> Result<(), Failure> {
        if self.bytes + item.len() > MOST_AGGREGATED {
            self.items = Vec::new();
            return Err(Failure::new(
                "AggregateTooLarge",
                format!(
                    "the stream's items exceed {} MiB in total. `return_aggregate_stream` repeats all items in the result, \
                     and the platform accepts at most 20 MB per result. End the stream earlier, or remove that option: \
                     clients can read the items from the stream",
                    MOST_AGGREGATED >> 20
                ),
            ));
        }
        Ok(())
    }

    fn add(&mut self, item: Payload) {
        self.bytes += item.len();
        self.items.push(item);
    }
}

impl ItemSink {
    pub(crate) fn new(outbox: Outbox, aggregate: bool) -> Self {
        Self {
            outbox,
            aggregate: aggregate.then(Arc::default),
            early_end: Arc::default(),
            #[cfg(feature = "openai")]
            form: None,
        }
    }

    /// Returns a sink that rewrites the items.
    #[cfg(feature = "openai")]
    pub(super) fn in_form(&self, form: Arc<dyn super::form::ItemForm>) -> Self {
        Self {
            form: Some(form),
            ..self.clone()
        }
    }

    /// Sends an item that is in the client's form already, even after the handler has failed.
    #[cfg(feature = "openai")]
    ///
    /// # Errors
    ///
    /// Returns an error if the result has no room for the item.
    pub(super) async fn put_last(&self, item: Payload) -> Result<bool, Failure> {
        self.room_for(&item)?;
        Ok(self.sent(item).await)
    }

    /// Sends one item. Returns `Err` if the stream must end here.
    pub(crate) async fn put(&self, item: Output) -> Result<(), Cancelled> {
        #[cfg(feature = "openai")]
        if let Some(form) = &self.form {
            let items = match item.and_then(|item| form.items(item)) {
                Ok(items) => items,
                Err(failure) => return self.put_as_is(Err(failure)).await,
            };
            if self.early_end.get().is_some() {
                return Err(Cancelled(()));
            }
            for item in items {
                self.put_as_is(Ok(item)).await?;
            }
            return Ok(());
        }
        self.put_as_is(item).await
    }

    async fn put_as_is(&self, item: Output) -> Result<(), Cancelled> {
        if self.early_end.get().is_some() {
            return Err(Cancelled(()));
        }
        let end = match item {
            Err(failure) => StreamEnd::Failed(failure),
            Ok(payload) => {
                if let Some(error) = payload.special_entry("error").filter(|error| truthy(error)) {
                    StreamEnd::ItemError(json::text_of(error))
                } else if let Err(failure) = self.room_for(&payload) {
                    StreamEnd::Failed(failure)
                } else if self.sent(payload).await {
                    return Ok(());
                } else {
                    StreamEnd::Cancelled
                }
            }
        };
        // Only the first reason is kept.
        let _ = self.early_end.set(end);
        Err(Cancelled(()))
    }

    fn room_for(&self, item: &Payload) -> Result<(), Failure> {
        self.kept().map_or(Ok(()), |mut kept| kept.room_for(item))
    }

    /// Sends the item, and keeps a copy only if it was sent. If the caller stops waiting, the item was not sent, and
    /// the result must not contain it.
    async fn sent(&self, item: Payload) -> bool {
        let copy = self.aggregate.is_some().then(|| item.clone());
        let is_sent = self.outbox.item(item).await;
        if let (true, Some(copy), Some(mut kept)) = (is_sent, copy, self.kept()) {
            kept.add(copy);
        }
        is_sent
    }

    fn kept(&self) -> Option<MutexGuard<'_, Aggregate>> {
        let aggregate = self.aggregate.as_ref()?;
        Some(aggregate.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns why an item ended the stream early, or `None` if no item did.
    pub(crate) fn early_end(&self) -> Option<StreamEnd> {
        self.early_end.get().cloned()
    }

    /// Returns the items for the result, or an empty list without aggregation.
    pub(crate) fn collected(&self) -> Vec<Payload> {
        self.kept()
            .map_or_else(Vec::new, |mut kept| std::mem::take(&mut kept.items))
    }
}

/// Sends the items of a `stream` handler, for example from the callbacks of an inference library, or from several
/// producers. If the code can be written as a generator, prefer `stream!`.
///
/// The handler returns `()` or a `Result<(), E>`. Each item is posted as soon as it is sent, in order (*While a job
/// runs* in `docs/reference/protocol.md`). Clones send to the same stream. `docs/how-to/stream-results.md` shows the
/// other ways to stream. [`testing::emitter`](crate::testing::emitter) creates an emitter for a test that calls the
/// handler.
///
/// ```
/// use runpod::Cancelled;
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(stream)]
/// async fn count(to: u32, out: Emitter<u32>) -> Result<(), Cancelled> {
///     for n in 0..to {
///         out.send(n).await?;
///     }
///     Ok(())
/// }
///
/// // A plain `fn` runs on a thread that may block, as a library with callbacks needs:
/// #[runpod::handler(stream)]
/// fn letters(text: String, out: Emitter<char>) -> Result<(), Cancelled> {
///     text.chars().try_for_each(|letter| out.blocking_send(letter))
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!(3)).stream(count).await;
/// assert_eq!(report.stream, [json!(0), json!(1), json!(2)]);
///
/// let report = testing::Job::new(json!("to")).stream(letters).await;
/// assert_eq!(report.stream, [json!("t"), json!("o")]);
/// # }
/// ```
#[derive(Debug)]
pub struct Emitter<T> {
    sink: ItemSink,
    /// `None` in a test that calls the handler directly, where no item has to wait.
    runtime: Option<Handle>,
    /// Stored here, so that the `Serialize` bound is checked once, in the handler's signature.
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
    /// Creates an emitter inside a runtime, in which every handler is called.
    pub(super) fn new(sink: ItemSink) -> Self {
        Self {
            sink,
            runtime: Some(Handle::current()),
            json: T::into_json,
        }
    }

    /// Creates an emitter that belongs to no job.
    pub(crate) fn without_a_job(sink: ItemSink) -> Self {
        Self {
            sink,
            runtime: None,
            json: T::into_json,
        }
    }
}

impl<T> Emitter<T> {
    /// Sends one item. Up to 64 items or 4 MiB (4,194,304 bytes) of JSON can wait for delivery. If there is no room,
    /// this method waits. An item of more than 4 MiB waits alone.
    ///
    /// If the item is an `Err`, if it cannot be serialised, or if it is an object with a truthy `error` key (as in
    /// the Python SDK), the stream ends and the job fails. If the item is an `Ok`, its value is sent.
    ///
    /// # Errors
    ///
    /// Returns [`Cancelled`] if the job was stopped or its stream has ended, possibly because of this item. Produce
    /// no further items then.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is ready, the item was not sent.
    pub async fn send(&self, item: T) -> Result<(), Cancelled> {
        self.sink.put((self.json)(item)).await
    }

    /// Like [`send`](Self::send), but blocks the thread instead of being awaited. Use it in plain `fn` handlers and
    /// in your own threads.
    ///
    /// # Errors
    ///
    /// Returns an error in the same cases as [`send`](Self::send).
    ///
    /// # Panics
    ///
    /// Panics in asynchronous code, where it would block other jobs. Use `send(…).await` there.
    pub fn blocking_send(&self, item: T) -> Result<(), Cancelled> {
        let sent = self.send(item);
        match &self.runtime {
            Some(runtime) => runtime.block_on(sent),
            None => block_on(sent),
        }
    }
}

/// Waits for a future on a thread outside any runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// The error of [`Emitter::send`]: the job was stopped or its stream has ended, so no further items are accepted.
///
/// It implements `std::error::Error`, so `?` works in handlers with any error type. Use another error to report a
/// failure of the job itself.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// #[runpod::handler(stream)]
/// async fn words(text: String, out: Emitter<Value>) -> Result<(), runpod::Cancelled> {
///     for word in text.split(' ') {
///         // An object with an `error` key ends the stream: `send` returns `Cancelled`, and `?` leaves the function.
///         let item = if word == "stop" { json!({ "error": "told to stop" }) } else { json!(word) };
///         out.send(item).await?;
///     }
///     Ok(())
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!("one two stop three")).stream(words).await;
/// assert_eq!(report.stream, [json!("one"), json!("two")]);
/// assert_eq!(report.error.as_deref(), Some("told to stop"));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the job was stopped or its stream has ended: no further items are accepted")]
pub struct Cancelled(());

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

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
            assert!(
                sent <= MOST_AGGREGATED >> 20,
                "the stream should have ended"
            );
        }
        reader.abort();
        assert_eq!(sent, (MOST_AGGREGATED >> 20) - 1);
        let Some(StreamEnd::Failed(failure)) = sink.early_end() else {
            panic!("the stream did not fail: {:?}", sink.early_end());
        };
        assert!(failure.message.contains("return_aggregate_stream"));
        assert_eq!(sink.collected().len(), 0);
    }

    #[tokio::test]
    async fn an_item_whose_sender_gave_up_waiting_is_not_in_the_result() {
        let sink = ItemSink::new(Outbox::new(), true);
        let item = |size: usize| Ok(Payload::of(&"x".repeat(size)).unwrap());
        // Larger than the channel's limit, so the next item waits.
        assert!(sink.put(item(8 << 20)).await.is_ok());
        {
            let mut waits = pin!(sink.put(item(1)));
            let waits = poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx).is_pending()));
            assert!(waits.await, "the channel should be full");
        }
        assert_eq!(sink.collected().len(), 1);
    }
}
