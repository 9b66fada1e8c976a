//! A response body whose parts come from a channel.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::mpsc;

/// The body of a response. Each part is sent when it arrives, and the body ends when the sender is dropped.
pub(crate) struct ChannelBody(mpsc::Receiver<Bytes>);

impl ChannelBody {
    pub(crate) fn new(parts: mpsc::Receiver<Bytes>) -> Self {
        Self(parts)
    }
}

impl Body for ChannelBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(cx)
            .map(|part| part.map(|bytes| Ok(Frame::data(bytes))))
    }
}
