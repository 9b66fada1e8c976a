//! A handler's call, made but not yet worked off.

use std::future::Future;
use std::pin::Pin;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::emitter::{ItemSink, StreamEnd};
use super::failure::Failure;
use super::output::{Output, Payload};
use super::slot::Slot;
use crate::process::panics::{Panic, caught, caught_now};
use crate::process::threads::spawn_blocking;

/// A future of any kind.
pub(super) type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type StreamCall = Box<dyn FnOnce(Sink) -> Drive + Send>;

/// A stream handler's result being worked off.
#[expect(missing_debug_implementations, reason = "holds a future")]
pub enum Drive {
    /// It was worked off during the call.
    Done(DriveEnd),
    /// It goes on asynchronously.
    Later(Pin<Box<dyn Future<Output = DriveEnd> + Send>>),
}

/// How it ended; opaque outside of the runtime.
#[derive(Debug)]
pub struct DriveEnd(pub(crate) StreamEnd);

/// The way of items into a job's channel; opaque outside of the runtime.
#[derive(Debug, Clone)]
pub struct Sink(pub(crate) ItemSink);

/// A handler's call with all its arguments, ready to run.
#[expect(missing_debug_implementations, reason = "holds futures and closures")]
pub struct Invocation(Work);

enum Work {
    Future(Later<Output>),
    Blocking(Box<dyn FnOnce() -> Output + Send>),
    Stream { call: StreamCall, blocking: bool },
}

/// How a call ended when nothing failed.
#[derive(Debug)]
pub(crate) enum Done {
    Value(Payload),
    Stream(StreamEnd),
}

impl Invocation {
    /// An async handler.
    pub fn future(future: impl Future<Output = Output> + Send + 'static) -> Self {
        Self(Work::Future(Box::pin(future)))
    }

    /// A plain `fn`: called on a thread that may block.
    pub fn blocking(call: impl FnOnce() -> Output + Send + 'static) -> Self {
        Self(Work::Blocking(Box::new(call)))
    }

    /// A stream handler: `call` works off what the function returned, `blocking` on a thread of its own.
    pub(super) fn stream(
        call: impl FnOnce(Sink) -> Drive + Send + 'static,
        blocking: bool,
    ) -> Self {
        Self(Work::Stream {
            call: Box::new(call),
            blocking,
        })
    }

    /// Runs the call to its end. Must be polled inside of the runtime that handlers run on.
    ///
    /// The code that really runs has the slot: a blocking thread takes it, keeps it if this future is dropped, and puts it
    /// back when it has ended.
    pub(crate) async fn finish(
        self,
        sink: Option<ItemSink>,
        slot: &mut Option<Slot>,
    ) -> Result<Done, Failure> {
        match self.0 {
            Work::Future(future) => future.await.map(Done::Value),
            Work::Blocking(call) => on_blocking_thread(call, slot).await?.map(Done::Value),
            Work::Stream { call, blocking } => {
                let sink = sink.ok_or_else(|| {
                    Failure::new(
                        "StreamError",
                        "a handler that is not a `stream` handler sent items; this is a bug in runpod-worker",
                    )
                })?;
                let items = Sink(sink.clone());
                let drive = if blocking {
                    on_blocking_thread(move || call(items), slot).await?
                } else {
                    call(items)
                };
                let DriveEnd(end) = drive.finish().await;
                Ok(Done::Stream(sink.early_end().unwrap_or(end)))
            }
        }
    }
}

impl Drive {
    pub(super) async fn finish(self) -> DriveEnd {
        match self {
            Self::Done(ended) => ended,
            Self::Later(rest) => rest.await,
        }
    }
}

impl Invocation {
    /// Runs a plain `fn` to its end, on this thread, which may block. Any other call is waited for.
    pub(crate) fn finish_here(self) -> Result<Done, Failure> {
        match self.0 {
            Work::Blocking(call) => call().map(Done::Value),
            other => Handle::current().block_on(Self(other).finish(None, &mut None)),
        }
    }
}

/// What an `async fn` gives: its future. Generated code calls traits by name, since an unmet bound of a method would be
/// shown with the method.
pub trait Async: Future {
    /// Awaits the future, and makes output of what it ends in.
    ///
    /// # Errors
    ///
    /// None.
    fn run<C>(self, convert: C) -> Result<Invocation, Failure>
    where
        C: FnOnce(Self::Output) -> Output + Send + 'static;

    /// The future of a `stream` handler.
    fn later(self) -> Later<Self::Output>;
}

// No `do_not_recommend` here: it would hide which value keeps the future from being `Send`.
impl<F: Future + Send + 'static> Async for F {
    fn run<C>(self, convert: C) -> Result<Invocation, Failure>
    where
        C: FnOnce(Self::Output) -> Output + Send + 'static,
    {
        Ok(Invocation::future(async move { convert(self.await) }))
    }

    fn later(self) -> Later<Self::Output> {
        Box::pin(self)
    }
}

/// The call of a plain `fn` with its arguments.
pub trait Blocking<R> {
    /// Calls the function on a thread that may block, and makes output of what it returns.
    ///
    /// # Errors
    ///
    /// None.
    fn run<C>(self, convert: C) -> Result<Invocation, Failure>
    where
        C: FnOnce(R) -> Output + Send + 'static;
}

impl<F: FnOnce() -> R + Send + 'static, R> Blocking<R> for F {
    fn run<C>(self, convert: C) -> Result<Invocation, Failure>
    where
        C: FnOnce(R) -> Output + Send + 'static,
    {
        Ok(Invocation::blocking(move || convert(self())))
    }
}

async fn on_blocking_thread<T: Send + 'static>(
    call: impl FnOnce() -> T + Send + 'static,
    slot: &mut Option<Slot>,
) -> Result<T, Failure> {
    let span = tracing::Span::current();
    let (sender, ended) = oneshot::channel();
    let held = slot.take();
    let spawned = spawn_blocking(&Handle::current(), move || {
        // The job was stopped while it waited for a thread.
        if sender.is_closed() {
            return;
        }
        span.in_scope(|| {
            let ended = caught_now(call).map_err(Failure::from);
            if let Err((Err(failure), _slot)) = sender.send((ended, held)) {
                tracing::warn!("{}, after its job was stopped", failure.message);
            }
        });
    });
    if let Err(refused) = spawned {
        return Err(Failure::new(
            "ThreadRefused",
            format!("the handler was not called: {refused}"),
        ));
    }
    match ended.await {
        Ok((ended, held)) => {
            *slot = held;
            ended
        }
        // Panics are caught inside, so only a runtime that is being shut down ends here.
        Err(_) => Err(Failure::new(
            "Shutdown",
            "the worker shut down before the handler was called",
        )),
    }
}

/// Polls `future` and makes a failure of a panic, with its message and place.
pub(crate) async fn catch_panic<T>(
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    caught(future).await?
}

impl From<Panic> for Failure {
    fn from(panic: Panic) -> Self {
        let failure = Self::new("panic", format!("the handler panicked: {}", panic.message));
        match panic.place {
            Some(place) => failure.at(format!("panicked at {place}")),
            None => failure,
        }
    }
}
