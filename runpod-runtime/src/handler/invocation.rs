//! A handler's call with its arguments, before it runs.

use std::future::Future;
use std::pin::Pin;
#[cfg(feature = "openai")]
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::emitter::{ItemSink, StreamEnd};
use super::failure::Failure;
#[cfg(feature = "openai")]
use super::form::ItemForm;
use super::in_use::InUse;
use super::output::{Output, Payload};
use super::slot::Slot;
use crate::process::panics::{Panic, caught, caught_now};
use crate::process::threads::spawn_blocking;

/// A boxed future.
pub(super) type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type StreamCall = Box<dyn FnOnce(Sink) -> Drive + Send>;

/// Tells whether a stream handler sent all its items during its call.
#[expect(missing_debug_implementations, reason = "contains a future")]
pub enum Drive {
    /// All items were sent during the call.
    Done(DriveEnd),
    /// The items are sent asynchronously.
    Later(Pin<Box<dyn Future<Output = DriveEnd> + Send>>),
}

/// The end of a stream. Opaque outside the runtime.
#[derive(Debug)]
pub struct DriveEnd(pub(crate) StreamEnd);

/// Sends items to a job's outbox. Opaque outside the runtime.
#[derive(Debug, Clone)]
pub struct Sink(pub(crate) ItemSink);

/// A handler's call with all its arguments, ready to run.
#[expect(
    missing_debug_implementations,
    reason = "contains futures and closures"
)]
pub struct Invocation {
    work: Work,
    /// Kept until the handler has returned.
    in_use: Option<InUse>,
    /// Rewrites what the handler sends or returns.
    #[cfg(feature = "openai")]
    form: Option<Form>,
}

/// The form of a handler's answer, if it is rewritten on its way to the client.
#[cfg(feature = "openai")]
pub(crate) enum Form {
    /// For a handler that sends items.
    Items(Arc<dyn ItemForm>),
    /// For a handler that returns a value.
    Value(Box<dyn FnOnce(Output) -> Result<Done, Failure> + Send>),
}

impl From<Work> for Invocation {
    fn from(work: Work) -> Self {
        Self {
            work,
            in_use: None,
            #[cfg(feature = "openai")]
            form: None,
        }
    }
}

enum Work {
    Future(Later<Output>),
    Blocking(Box<dyn FnOnce() -> Output + Send>),
    Stream { call: StreamCall, blocking: bool },
}

/// The result of a call that did not fail.
#[derive(Debug, Clone)]
pub(crate) enum Done {
    Value(Payload),
    Stream(StreamEnd),
    /// The handler has failed, and the client has got the failure in its own format, as this value or as an item.
    #[cfg(feature = "openai")]
    Reported {
        value: Option<Payload>,
        failure: Failure,
    },
}

impl Invocation {
    /// Creates the call of an async handler.
    pub fn future(future: impl Future<Output = Output> + Send + 'static) -> Self {
        Work::Future(Box::pin(future)).into()
    }

    /// Creates the call of a plain `fn`, which runs on a thread that may block.
    pub fn blocking(call: impl FnOnce() -> Output + Send + 'static) -> Self {
        Work::Blocking(Box::new(call)).into()
    }

    /// Creates the call of a stream handler. `call` calls the function and sends the items that it returned. If
    /// `blocking` is true, it runs on its own thread.
    pub(super) fn stream(
        call: impl FnOnce(Sink) -> Drive + Send + 'static,
        blocking: bool,
    ) -> Self {
        Work::Stream {
            call: Box::new(call),
            blocking,
        }
        .into()
    }

    /// Creates a call that sends these items.
    #[cfg(feature = "openai")]
    pub(super) fn items(items: Vec<Payload>) -> Self {
        Self::stream(
            move |sink| {
                Drive::Later(Box::pin(async move {
                    for item in items {
                        if sink.0.put(Ok(item)).await.is_err() {
                            break;
                        }
                    }
                    DriveEnd(StreamEnd::Finished)
                }))
            },
            false,
        )
    }

    /// Creates a call that fails before it sends anything.
    #[cfg(feature = "openai")]
    pub(super) fn failing_stream(failure: Failure) -> Self {
        let end = DriveEnd(StreamEnd::Failed(failure));
        Self::stream(move |_| Drive::Done(end), false)
    }

    /// Rewrites what the handler sends or returns.
    #[cfg(feature = "openai")]
    pub(super) fn in_form(self, form: Form) -> Self {
        Self {
            form: Some(form),
            ..self
        }
    }

    /// Keeps this until the handler has returned, even if the call was dropped before.
    pub(super) fn using(self, in_use: InUse) -> Self {
        Self {
            in_use: Some(in_use),
            ..self
        }
    }

    /// Runs the call until it finishes. Must be polled inside the handlers' runtime.
    ///
    /// The slot belongs to the code that runs. A blocking thread takes the slot, keeps it even if this future is
    /// dropped, and frees it when the thread has finished.
    pub(crate) async fn finish(
        self,
        sink: Option<ItemSink>,
        slot: &mut Option<Slot>,
    ) -> Result<Done, Failure> {
        #[cfg(feature = "openai")]
        if let Some(form) = self.form {
            return in_form(form, self.work, self.in_use, sink, slot).await;
        }
        self.work.finish(self.in_use, sink, slot).await
    }
}

impl Work {
    async fn finish(
        self,
        in_use: Option<InUse>,
        sink: Option<ItemSink>,
        slot: &mut Option<Slot>,
    ) -> Result<Done, Failure> {
        match self {
            Work::Future(future) => future.await.map(Done::Value),
            Work::Blocking(call) => on_blocking_thread(call, in_use, slot)
                .await?
                .map(Done::Value),
            Work::Stream { call, blocking } => {
                let sink = sink.ok_or_else(|| {
                    Failure::new(
                        "StreamError",
                        "a handler that is not a `stream` handler sent items; this is a bug in runpod-worker",
                    )
                })?;
                let items = Sink(sink.clone());
                let drive = if blocking {
                    on_blocking_thread(move || call(items), in_use, slot).await?
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
    /// Runs a plain `fn` on this thread, which may block, until it finishes. Blocks on any other kind of call.
    pub(crate) fn finish_here(self) -> Result<Done, Failure> {
        #[cfg(feature = "openai")]
        let form = self.form;
        match self.work {
            #[cfg(feature = "openai")]
            Work::Blocking(call) if let Some(Form::Value(form)) = form => {
                form(caught_now(call).unwrap_or_else(|panic| Err(Failure::from(panic))))
            }
            Work::Blocking(call) => call().map(Done::Value),
            work => {
                let whole = Self {
                    work,
                    in_use: self.in_use,
                    #[cfg(feature = "openai")]
                    form,
                };
                Handle::current().block_on(whole.finish(None, &mut None))
            }
        }
    }
}

/// The future of an `async fn`. Generated code calls the methods through the trait, because the compiler would show
/// an unmet bound of a method together with the method.
pub trait Async: Future {
    /// Awaits the future and converts its result to an output.
    ///
    /// # Errors
    ///
    /// Never returns an error.
    fn run<C>(self, convert: C) -> Result<Invocation, Failure>
    where
        C: FnOnce(Self::Output) -> Output + Send + 'static;

    /// Boxes the future of a `stream` handler.
    fn later(self) -> Later<Self::Output>;
}

// This impl has no `do_not_recommend`, because the attribute would hide which value makes the future not `Send`.
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
    /// Calls the function on a thread that may block, and converts its result to an output.
    ///
    /// # Errors
    ///
    /// Never returns an error.
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
    in_use: Option<InUse>,
    slot: &mut Option<Slot>,
) -> Result<T, Failure> {
    let span = tracing::Span::current();
    let (sender, ended) = oneshot::channel();
    let held = slot.take();
    let spawned = spawn_blocking(&Handle::current(), move || {
        // The job was stopped while its call was waiting for a thread.
        if sender.is_closed() {
            return;
        }
        span.in_scope(|| {
            let ended = caught_now(call).map_err(Failure::from);
            drop(in_use);
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
        // Panics are caught inside the call, so this error occurs only while the runtime is shutting down.
        Err(_) => Err(Failure::new(
            "Shutdown",
            "the worker shut down before the handler was called",
        )),
    }
}

/// Polls `future` and converts a panic to a failure with its message and place.
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

/// Runs a handler whose answer is rewritten.
#[cfg(feature = "openai")]
async fn in_form(
    form: Form,
    work: Work,
    in_use: Option<InUse>,
    sink: Option<ItemSink>,
    slot: &mut Option<Slot>,
) -> Result<Done, Failure> {
    let form = match form {
        Form::Items(form) => form,
        Form::Value(form) => {
            return match catch_panic(work.finish(in_use, sink, slot)).await {
                Ok(Done::Value(value)) => form(Ok(value)),
                Ok(other) => Ok(other),
                Err(failure) => form(Err(failure)),
            };
        }
    };
    let formed = sink.as_ref().map(|sink| sink.in_form(Arc::clone(&form)));
    let failure = match catch_panic(work.finish(in_use, formed, slot)).await {
        Ok(Done::Stream(StreamEnd::Finished)) => None,
        Ok(Done::Stream(StreamEnd::Failed(failure))) | Err(failure) => Some(failure),
        Ok(other) => return Ok(other),
    };
    let Some(items) = form.end(failure.as_ref()) else {
        return failure.map_or(Ok(Done::Stream(StreamEnd::Finished)), Err);
    };
    for item in items {
        let Some(sink) = &sink else { break };
        match sink.put_last(item).await {
            Ok(true) => {}
            Ok(false) => return Ok(Done::Stream(StreamEnd::Cancelled)),
            // The result must not look complete.
            Err(too_large) => return Err(failure.unwrap_or(too_large)),
        }
    }
    Ok(match failure {
        None => Done::Stream(StreamEnd::Finished),
        Some(failure) => Done::Reported {
            value: None,
            failure,
        },
    })
}
