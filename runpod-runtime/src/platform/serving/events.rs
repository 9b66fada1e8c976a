//! A response that shows a job's output while the job runs: server-sent events, or one JSON object on each line.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep, sleep};

use super::accept::Form;
use super::answer::{Outcome, part};
use super::requests::{Open, Sent};

/// After this long without an event, a comment is sent, so that proxies keep the connection open and a client that has
/// gone is noticed.
const QUIET: Duration = Duration::from_secs(15);

/// The body of such a response.
#[derive(Debug)]
pub(super) struct Events {
    open: Open,
    form: Form,
    /// The part that arrived before the response began.
    first: Option<Sent>,
    quiet: Pin<Box<Sleep>>,
    has_ended: bool,
}

impl Events {
    pub(super) fn new(open: Open, form: Form, first: Option<Sent>) -> Self {
        Self {
            open,
            form,
            first,
            quiet: Box::pin(sleep(QUIET)),
            has_ended: false,
        }
    }

    /// Returns the bytes for the next part of the output. `None` means that the job has no result.
    fn written(&mut self, sent: Option<Sent>) -> Bytes {
        let (event, value) = match sent {
            Some(Sent::Item(body)) => (Event::Item, part(&body, "output")),
            Some(Sent::Progress(body)) => (Event::Progress, part(&body, "output")),
            Some(Sent::Result { body, streaming }) => {
                self.has_ended = true;
                match Outcome::of(&body) {
                    Outcome::Value(_) if streaming => (Event::End, Bytes::from_static(b"{}")),
                    Outcome::Value(value) => (Event::Result, value),
                    Outcome::Failed(error) => (Event::Error, error.body.to_string().into()),
                }
            }
            None => {
                self.has_ended = true;
                let error = self.open.closed_answer().body;
                (Event::Error, error.to_string().into())
            }
        };
        event.written(self.form, &value)
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        loop {
            if self.has_ended {
                return Poll::Ready(None);
            }
            let sent = match self.first.take() {
                Some(first) => Some(first),
                None => match self.open.poll_next(cx) {
                    Poll::Ready(sent) => sent,
                    Poll::Pending => {
                        if self.form == Form::Lines || self.quiet.as_mut().poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                        self.quiet.as_mut().reset(Instant::now() + QUIET);
                        let comment = Bytes::from_static(b":\n\n");
                        return Poll::Ready(Some(Ok(Frame::data(comment))));
                    }
                },
            };
            let bytes = self.written(sent);
            self.quiet.as_mut().reset(Instant::now() + QUIET);
            if !bytes.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Item,
    Progress,
    /// The value of a handler that does not stream.
    Result,
    /// The stream is complete.
    End,
    Error,
}

impl Event {
    fn written(self, form: Form, value: &[u8]) -> Bytes {
        let (before, after): (&[u8], &[u8]) = match (form, self) {
            (Form::Lines, Self::Item | Self::Result) => (b"{\"output\":", b"}\n"),
            (Form::Lines, Self::Progress) => (b"{\"progress\":", b"}\n"),
            (Form::Lines, Self::Error) => (b"{\"error\":", b"}\n"),
            // The end of the response is the end of the stream.
            (Form::Lines, Self::End) => return Bytes::new(),
            (_, Self::Item) => (b"data: ", b"\n\n"),
            (_, Self::Progress) => (b"event: progress\ndata: ", b"\n\n"),
            (_, Self::Result) => (b"event: result\ndata: ", b"\n\n"),
            (_, Self::End) => (b"event: end\ndata: ", b"\n\n"),
            (_, Self::Error) => (b"event: error\ndata: ", b"\n\n"),
        };
        let mut written = BytesMut::with_capacity(before.len() + value.len() + after.len());
        written.put_slice(before);
        let start = written.len();
        written.put_slice(value);
        // A line break ends the event or the line. In JSON, it can only be between tokens.
        for byte in &mut written[start..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        written.put_slice(after);
        written.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_never_torn_by_a_line_break_in_its_json() {
        let value = b"{\n  \"a\": \"x\\ny\"\r\n}";
        let shown = Event::Item.written(Form::Events, value);
        assert_eq!(shown, "data: {   \"a\": \"x\\ny\"  }\n\n");
        let shown = Event::Progress.written(Form::Lines, value);
        assert_eq!(shown, "{\"progress\":{   \"a\": \"x\\ny\"  }}\n");
    }
}
