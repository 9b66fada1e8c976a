//! The types that a stream handler can return: a stream, an iterator, or nothing (with an emitter). Each may be in a
//! `Result` or in a future.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};

use futures_core::Stream;
use tokio::runtime::Handle;

use super::emitter::StreamEnd;
use super::failure::{Failure, IntoFailure};
use super::invocation::{Drive, DriveEnd, Invocation, Later, Sink};
use super::output::Output;

/// The types that a `stream` handler can return: a [`Stream`], an iterator, or `()` if an [`Emitter`](super::Emitter)
/// sends the items. Each can be wrapped in a `Result`. An `async fn` may return all of them except an iterator.
///
/// A stream is polled on the worker's threads. An iterator runs on a thread that it may block. An item is any value
/// that serialises, or a `Result` of one. The first `Err` ends the stream and fails the job. You do not implement
/// this trait, and `Via` is inferred.
///
/// ```
/// use runpod::prelude::*;
/// use runpod::testing;
///
/// // A stream whose items may fail: the first `Err` ends the stream and fails the job.
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
/// // An iterator, or an error before the first item.
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
    note = "alternatively, take an `Emitter<T>` and return `()` or `Result<(), E>`",
    note = "a stream moves between threads: everything it holds across a `yield` or an `await` must be `Send`, so it cannot hold an `Rc` or a lock guard"
)]
pub trait IntoItems<Via> {
    /// An item: any value that serialises, or a `Result` of one.
    type Item;
    /// The error of the whole stream.
    #[doc(hidden)]
    type Error: 'static;
    /// Whether the handler is called on a thread that may block.
    #[doc(hidden)]
    const BLOCKING: bool;

    #[doc(hidden)]
    fn drive<C>(self, convert: C, failure: fn(Self::Error) -> Failure, sink: Sink) -> Drive
    where
        C: Fn(Self::Item) -> Output + Send + 'static;

    /// Creates the call. `call` calls the function, and `convert` converts each item to an output. The error type has
    /// no bound here. Generated code requires [`IntoFailure`] instead, so that the compiler points at the error's
    /// type.
    #[doc(hidden)]
    fn run<F, C>(
        call: F,
        convert: C,
        failure: fn(Self::Error) -> Failure,
    ) -> Result<Invocation, Failure>
    where
        Self: Sized,
        F: FnOnce() -> Self + Send + 'static,
        C: Fn(Self::Item) -> Output + Send + 'static,
    {
        Ok(Invocation::stream(
            move |sink| call().drive(convert, failure, sink),
            Self::BLOCKING,
        ))
    }
}

/// Marker: an `impl Stream`.
#[derive(Debug)]
pub struct ViaStream;
/// Marker: an `impl Iterator`.
#[derive(Debug)]
pub struct ViaIterator;
/// Marker: `()`, for items that an emitter has sent.
#[derive(Debug)]
pub struct ViaNothing;
/// Marker: a `Result` of one of the other types.
#[derive(Debug)]
pub struct ViaResult<Via>(Via);
/// Marker: a future of one of the other types.
#[derive(Debug)]
pub struct ViaFuture<Via>(Via);

#[diagnostic::do_not_recommend]
impl<S> IntoItems<ViaStream> for S
where
    S: Stream + Send + 'static,
    S::Item: Send,
{
    type Item = S::Item;
    type Error = Infallible;
    const BLOCKING: bool = false;

    fn drive<C>(self, convert: C, _: fn(Infallible) -> Failure, sink: Sink) -> Drive
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
            DriveEnd(StreamEnd::Finished)
        }))
    }
}

#[diagnostic::do_not_recommend]
impl<I: Iterator + 'static> IntoItems<ViaIterator> for I {
    type Item = I::Item;
    type Error = Infallible;
    const BLOCKING: bool = true;

    /// Runs completely on one blocking thread, so the iterator need not be `Send`.
    fn drive<C>(self, convert: C, _: fn(Infallible) -> Failure, sink: Sink) -> Drive
    where
        C: Fn(Self::Item) -> Output + Send + 'static,
    {
        let runtime = Handle::current();
        for item in self {
            if runtime.block_on(sink.0.put(convert(item))).is_err() {
                break;
            }
        }
        Drive::Done(DriveEnd(StreamEnd::Finished))
    }
}

#[diagnostic::do_not_recommend]
impl IntoItems<ViaNothing> for () {
    type Item = ();
    type Error = Infallible;
    const BLOCKING: bool = true;

    fn drive<C>(self, _convert: C, _: fn(Infallible) -> Failure, _sink: Sink) -> Drive
    where
        C: Fn(()) -> Output + Send + 'static,
    {
        Drive::Done(DriveEnd(StreamEnd::Finished))
    }
}

#[diagnostic::do_not_recommend]
impl<S, E, Via> IntoItems<ViaResult<Via>> for Result<S, E>
where
    S: IntoItems<Via>,
    S::Error: IntoFailure,
    E: 'static,
{
    type Item = S::Item;
    type Error = E;
    const BLOCKING: bool = S::BLOCKING;

    fn drive<C>(self, convert: C, failure: fn(E) -> Failure, sink: Sink) -> Drive
    where
        C: Fn(Self::Item) -> Output + Send + 'static,
    {
        match self {
            Ok(items) => items.drive(convert, S::Error::into_failure, sink),
            Err(error) => Drive::Done(DriveEnd(StreamEnd::Failed(failure(error)))),
        }
    }
}

/// The types that an `async fn` can return. Iterators are excluded, because they would block other jobs there.
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
    type Error = <F::Output as IntoItems<Via>>::Error;
    const BLOCKING: bool = false;

    fn drive<C>(self, convert: C, failure: fn(Self::Error) -> Failure, sink: Sink) -> Drive
    where
        C: Fn(Self::Item) -> Output + Send + 'static,
    {
        Drive::Later(Box::pin(async move {
            // These are two separate statements, so that the future does not hold the handler's result across the
            // `await` and the result need not be `Send`.
            let drive = self.await.drive(convert, failure, sink);
            drive.finish().await
        }))
    }
}

/// Required of the result of an `async` `stream` handler: a [`Stream`], or `()` if an [`Emitter`](super::Emitter)
/// sends the items. Both can be wrapped in a `Result`.
///
/// An `async fn` cannot return an iterator, because running it there would block other jobs. Return it from a plain
/// `fn` ([`IntoItems`]).
///
/// ```
/// use runpod::prelude::*;
///
/// #[runpod::handler(stream)]
/// async fn letters(text: String, out: Emitter<char>) -> Result<(), runpod::Cancelled> {
///     for letter in text.chars() {
///         out.send(letter).await?;
///     }
///     Ok(())
/// }
/// ```
///
/// This does not compile:
///
/// ```compile_fail
/// use runpod::prelude::*;
///
/// #[runpod::handler(stream)]
/// async fn letters(text: String) -> Vec<char> {
///     text.chars().collect()
/// }
/// ```
// The bound is on the result, not on the future. The compiler first checks whether the future is `Send`, and its own
// message for that error names the value that prevents it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a `stream` handler's result",
    label = "a `stream` handler returns `impl Stream<Item = T>` or `impl Iterator<Item = T>`",
    note = "alternatively, take an `Emitter<T>` and return `()` or `Result<(), E>`",
    note = "a stream moves between threads: everything it holds across a `yield` or an `await` must be `Send`, so it cannot hold an `Rc` or a lock guard",
    note = "an iterator runs on a thread that it may block: return it from a plain `fn`"
)]
pub trait AwaitedItems<Via>: Sized {
    #[doc(hidden)]
    type Item;
    #[doc(hidden)]
    type Error: 'static;

    #[doc(hidden)]
    fn run<F, C>(
        call: F,
        convert: C,
        failure: fn(Self::Error) -> Failure,
    ) -> Result<Invocation, Failure>
    where
        F: FnOnce() -> Later<Self> + Send + 'static,
        C: Fn(Self::Item) -> Output + Send + 'static;
}

#[diagnostic::do_not_recommend]
impl<T, Via> AwaitedItems<Via> for T
where
    T: IntoItems<Via> + 'static,
    Via: Awaitable,
{
    type Item = T::Item;
    type Error = T::Error;

    fn run<F, C>(
        call: F,
        convert: C,
        failure: fn(Self::Error) -> Failure,
    ) -> Result<Invocation, Failure>
    where
        F: FnOnce() -> Later<Self> + Send + 'static,
        C: Fn(Self::Item) -> Output + Send + 'static,
    {
        <Later<T> as IntoItems<ViaFuture<Via>>>::run(call, convert, failure)
    }
}

/// The `impl Stream` that a plain `stream` handler returns. Generated code checks this trait before [`IntoItems`].
pub trait SendStream: Stream {
    /// Boxes the stream as a `Send` stream, which can be sent to another thread.
    fn boxed(self) -> Pin<Box<dyn Stream<Item = Self::Item> + Send>>;
}

// This impl has no `do_not_recommend`, because the attribute would hide which value makes the stream not `Send`.
impl<S: Stream + Send + 'static> SendStream for S {
    fn boxed(self) -> Pin<Box<dyn Stream<Item = S::Item> + Send>> {
        Box::pin(self)
    }
}
