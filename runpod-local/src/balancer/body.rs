//! Bodies on their way through the balancer. They are passed on as they arrive, and cut off at the limits.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::limits::LARGEST_BODY;
use super::pool::Turn;

/// Why a body was cut off.
#[derive(Debug, thiserror::Error)]
pub(super) enum CutOff {
    #[error("the body is larger than {LARGEST_BODY} bytes")]
    TooLarge,
    #[error("the request has taken longer than the limit")]
    TooLong,
    #[error("the body of the request is larger than {LARGEST_BODY} bytes")]
    RequestTooLarge,
    #[error("the body of the request broke off")]
    RequestBrokenOff,
    #[error("the connection has ended: {0}")]
    Lost(#[from] Box<dyn std::error::Error + Send + Sync>),
}

/// What is wrong with the body of a request, if anything is.
#[derive(Debug)]
pub(super) enum BodyFault {
    TooLarge,
    /// The client has closed the connection, or has sent something else than a body.
    BrokenOff(String),
}

/// Set when a body turns out to be wrong. The connection to the worker then ends, although the worker works.
pub(super) type ClientFault = Arc<OnceLock<BodyFault>>;

/// The body of a request.
#[derive(Debug)]
pub(super) struct RequestBody {
    inner: Body,
    left: u64,
    fault: ClientFault,
}

impl RequestBody {
    /// Returns the body, and where its fault will be.
    pub(super) fn new(inner: Body) -> (Self, ClientFault) {
        let fault = ClientFault::default();
        let body = Self {
            inner,
            left: LARGEST_BODY,
            fault: Arc::clone(&fault),
        };
        (body, fault)
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let Some(frame) = ready!(Pin::new(&mut self.inner).poll_frame(cx)) else {
            return Poll::Ready(None);
        };
        let frame = frame.map_err(|error| {
            let _ = self.fault.set(BodyFault::BrokenOff(error.to_string()));
            CutOff::Lost(error.into())
        })?;
        if taken(&mut self.left, &frame) {
            return Poll::Ready(Some(Ok(frame)));
        }
        let _ = self.fault.set(BodyFault::TooLarge);
        Poll::Ready(Some(Err(CutOff::TooLarge)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of a response. The worker's connection closes when this value is dropped, which cancels the job.
#[derive(Debug)]
pub(super) struct ResponseBody {
    inner: Incoming,
    turn: Turn,
    _connection: AbortOnDropHandle<()>,
    left: u64,
    request_fault: ClientFault,
    deadline: Pin<Box<Sleep>>,
    path: String,
}

impl ResponseBody {
    pub(super) fn new(
        inner: Incoming,
        turn: Turn,
        connection: AbortOnDropHandle<()>,
        request_fault: ClientFault,
        deadline: Instant,
        path: String,
    ) -> Self {
        Self {
            inner,
            turn,
            _connection: connection,
            left: LARGEST_BODY,
            request_fault,
            deadline: Box::pin(sleep_until(deadline)),
            path,
        }
    }

    /// Ends the response with an error. The client can see only that it is incomplete, so the reason is printed.
    fn cut_off(&self, why: CutOff) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        let id = &self.turn.id;
        self.turn.say(&format!(
            "the response of {id} to {} was cut off: {why}",
            self.path
        ));
        Poll::Ready(Some(Err(why)))
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if self.deadline.as_mut().poll(cx).is_ready() {
            return self.cut_off(CutOff::TooLong);
        }
        match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
            None => Poll::Ready(None),
            Some(Err(error)) => self.cut_off(match self.request_fault.get() {
                Some(BodyFault::TooLarge) => CutOff::RequestTooLarge,
                Some(BodyFault::BrokenOff(_)) => CutOff::RequestBrokenOff,
                None => CutOff::Lost(error.into()),
            }),
            Some(Ok(frame)) if taken(&mut self.left, &frame) => Poll::Ready(Some(Ok(frame))),
            Some(Ok(_)) => self.cut_off(CutOff::TooLarge),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Takes the frame's bytes from what is left. Returns whether there was enough.
fn taken(left: &mut u64, frame: &Frame<Bytes>) -> bool {
    let length = frame.data_ref().map_or(0, Bytes::len);
    let rest = u64::try_from(length)
        .ok()
        .and_then(|it| left.checked_sub(it));
    rest.inspect(|rest| *left = *rest).is_some()
}
