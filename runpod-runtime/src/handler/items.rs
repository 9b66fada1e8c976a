//! What a stream handler may return: a stream, an iterator, or nothing (it has an emitter), plain or in a `Result`,
//! now or after an `await`.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};

use futures_core::Stream;
use tokio::runtime::Handle;

use super::emitter::{ItemSink, StreamEnd};
use super::failure::{Failure, IntoFailure};
use super::output::Output;
use super::running::Running;

/// A stream handler's result being worked off.
#[expect(missing_debug_implementations, reason = "holds a future")]
pub enum Drive {
    /// It was worked off during the call.
    Done(Ended),
    /// It goes on asynchronously.
    Later(Pin<Box<dyn Future<Output = Ended> + Send>>),
}

/// How it ended; opaque outside of the runtime.
#[derive(Debug)]
pub struct Ended(pub(crate) StreamEnd);

/// The way of items into a job's channel; opaque outside of the runtime.
#[derive(Debug, Clone)]
pub struct Sink(pub(crate) ItemSink);

/// What a `stream` handler may return: a [`Stream`], an iterator, or `()` where an [`Emitter`](super::Emitter) sends the
/// items; each plain or in a `Result`, and all but the iterator after an `await`, too.
///
/// A stream is polled on the worker's threads; an iterator is driven on a thread that it may block. An item is anything
/// that serialises, or a `Result` of it; the first `Err` ends the stream and fails the job. There is nothing to implement, and `Via` is inferred.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// // A stream, of items that may fail: the first `Err` ends it and fails the job.
/// fn halves(numbers: Vec<u32>) -> impl Stream<Item = Result<u32, String>> {
///     try_stream! {
///         for number in numbers {
///             if number % 2 == 1 {
///                 Err(format!("{number} is odd"))?;
///             }
///             yield number / 2;
///         }
///     }
/// }
///
/// // An iterator, or an error before its first item.
/// fn lines(text: String) -> Result<impl Iterator<Item = String>, String> {
///     if text.is_empty() {
///         return Err("no text".to_owned());
///     }
///     Ok(text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter())
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = testing::Job::new(json!([2, 4, 5, 6])).stream(halves).await;
/// assert_eq!(report.stream, [json!(1), json!(2)]);
/// assert!(report.error.unwrap().contains("5 is odd"));
///
/// let report = testing::Job::new(json!("a\nb")).stream(lines).await;
/// assert_eq!(report.stream, [json!("a"), json!("b")]);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a `stream` handler's result",
    label = "a `stream` handler returns `impl Stream<Item = T>` or `impl Iterator<Item = T>`",
    note = "or it takes an `Emitter<T>` and returns `()` or `Result<(), E>`",
    note = "a stream is sent between threads: what it holds across a `yield` or an `await` has to be `Send`, so no `Rc` and no lock guard"
)]
pub trait IntoItems<Via> {
    /// An item: anything that serialises, or a `Result` of it.
    type Item;
    /// Whether the handler is to be called on a thread that may block.
    #[doc(hidden)]
    const BLOCKING: bool;

    #[doc(hidden)]
    fn drive<C>(self, convert: C, sink: Sink) -> Drive
    where
        C: Fn(Self::Item) -> Output + Send + 'static;

    /// `call` calls the function, `convert` makes output of each item.
    #[doc(hidden)]
    fn run<F, C>(call: F, convert: C) -> Result<Running, Failure>
    where
        Self: Sized,
        F: FnOnce() -> Self + Send + 'static,
        C: Fn(Self::Item) -> Output + Send + 'static,
    {
        Ok(Running::stream(
            move |sink| call().drive(convert, sink),
            Self::BLOCKING,
        ))
    }
}

/// Marker: `impl Stream`.
#[derive(Debug)]
pub struct ViaStream;
/// Marker: `impl Iterator`.
#[derive(Debug)]
pub struct ViaIterator;
/// Marker: nothing; the items went through an emitter.
#[derive(Debug)]
pub struct ViaNothing;
/// Marker: a `Result` of one of the others.
#[derive(Debug)]
pub struct ViaResult<Via>(Via);
/// Marker: one of the others after an `await`.
#[derive(Debug)]
pub struct ViaFuture<Via>(Via);

#[diagnostic::do_not_recommend]
impl<S> IntoItems<ViaStream> for S
where
    S: Stream + Send + 'static,
    S::Item: Send,
{
    type Item = S::Item;
    const BLOCKING: bool = false;

    fn drive<C>(self, convert: C, sink: Sink) -> Drive
    where
        C: Fn(Self::Item) -> Output + Send + 'static,
    {
        Drive::Later(Box::pin(async move {
            let mut stream = pin!(self);
            while let Some(item) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
                if sink.0.put(convert(item)).await.is_err() {
                    break;
                }
            }
            Ended(StreamEnd::Finished)
        }))
    }
}

#[diagnostic::do_not_recommend]
impl<I: Iterator + 'static> IntoItems<ViaIterator> for I {
    type Item = I::Item;
    const BLOCKING: bool = true;

    /// Runs on a blocking thread, to the end: the iterator itself need not be `Send`.
    fn drive<C>(self, convert: C, sink: Sink) -> Drive
    where
        C: Fn(Self::Item) -> Output + Send + 'static,
    {
        let runtime = Handle::current();
        for item in self {
            if runtime.block_on(sink.0.put(convert(item))).is_err() {
                break;
            }
        }
        Drive::Done(Ended(StreamEnd::Finished))
    }
}

#[diagnostic::do_not_recommend]
impl IntoItems<ViaNothing> for () {
    type Item = ();
    const BLOCKING: bool = true;

    fn drive<C>(self, _convert: C, _sink: Sink) -> Drive
    where
        C: Fn(()) -> Output + Send + 'static,
    {
        Drive::Done(Ended(StreamEnd::Finished))
    }
}

#[diagnostic::do_not_recommend]
impl<S, E, Via> IntoItems<ViaResult<Via>> for Result<S, E>
where
    S: IntoItems<Via>,
    E: IntoFailure,
{
    type Item = S::Item;
    const BLOCKING: bool = S::BLOCKING;

    fn drive<C>(self, convert: C, sink: Sink) -> Drive
    where
        C: Fn(Self::Item) -> Output + Send + 'static,
    {
        match self {
            Ok(items) => items.drive(convert, sink),
            Err(error) => Drive::Done(Ended(StreamEnd::Failed(error.into_failure()))),
        }
    }
}

/// What an `async fn` may end in: an iterator would block the others there, so it is not among these.
pub trait Awaitable {}
impl Awaitable for ViaStream {}
impl Awaitable for ViaNothing {}
impl<Via: Awaitable> Awaitable for ViaResult<Via> {}

#[diagnostic::do_not_recommend]
impl<F, Via> IntoItems<ViaFuture<Via>> for F
where
    F: Future + Send + 'static,
    F::Output: IntoItems<Via>,
    Via: Awaitable,
{
    type Item = <F::Output as IntoItems<Via>>::Item;
    const BLOCKING: bool = false;

    fn drive<C>(self, convert: C, sink: Sink) -> Drive
    where
        C: Fn(Self::Item) -> Output + Send + 'static,
    {
        Drive::Later(Box::pin(async move {
            // In a block of its own: what the handler returned need not be `Send` once it is being driven.
            let drive = self.await.drive(convert, sink);
            drive.finish().await
        }))
    }
}

impl Drive {
    pub(super) async fn finish(self) -> Ended {
        match self {
            Self::Done(ended) => ended,
            Self::Later(rest) => rest.await,
        }
    }
}
