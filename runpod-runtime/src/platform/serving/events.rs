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
pub(super) const QUIET: Duration = Duration::from_secs(15);

/// A frame of this many bytes or more takes no further parts.
pub(super) const FULL_FRAME: usize = 16 << 10;

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

    /// Writes the next part of the output. `None` means that the job has no result.
    fn write(&mut self, sent: Option<Sent>, into: &mut BytesMut) {
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
        event.write(self.form, &value, into);
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // All parts that are ready leave together, because each frame costs a write to the connection.
        let mut frame = BytesMut::new();
        while !self.has_ended && frame.len() < FULL_FRAME {
            let sent = match self.first.take() {
                Some(first) => Some(first),
                None => match self.open.poll_next(cx) {
                    Poll::Ready(sent) => sent,
                    Poll::Pending => break,
                },
            };
            self.write(sent, &mut frame);
        }
        if frame.is_empty() {
            if self.has_ended {
                return Poll::Ready(None);
            }
            if self.form == Form::Lines || self.quiet.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            frame.put_slice(b":\n\n");
        }
        self.quiet.as_mut().reset(Instant::now() + QUIET);
        Poll::Ready(Some(Ok(Frame::data(frame.freeze()))))
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
    fn write(self, form: Form, value: &[u8], into: &mut BytesMut) {
        let (before, after): (&[u8], &[u8]) = match (form, self) {
            (Form::Lines, Self::Item | Self::Result) => (b"{\"output\":", b"}\n"),
            (Form::Lines, Self::Progress) => (b"{\"progress\":", b"}\n"),
            (Form::Lines, Self::Error) => (b"{\"error\":", b"}\n"),
            // The end of the response is the end of the stream.
            (Form::Lines, Self::End) => return,
            (_, Self::Item) => (b"data: ", b"\n\n"),
            (_, Self::Progress) => (b"event: progress\ndata: ", b"\n\n"),
            (_, Self::Result) => (b"event: result\ndata: ", b"\n\n"),
            (_, Self::End) => (b"event: end\ndata: ", b"\n\n"),
            (_, Self::Error) => (b"event: error\ndata: ", b"\n\n"),
        };
        into.reserve(before.len() + value.len() + after.len());
        into.put_slice(before);
        let start = into.len();
        into.put_slice(value);
        // A line break ends the event or the line. In JSON, it can only be between tokens.
        for byte in &mut into[start..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        into.put_slice(after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_never_torn_by_a_line_break_in_its_json() {
        let value = b"{\n  \"a\": \"x\\ny\"\r\n}";
        let mut written = BytesMut::new();
        Event::Item.write(Form::Events, value, &mut written);
        Event::Progress.write(Form::Lines, value, &mut written);
        assert_eq!(
            written,
            "data: {   \"a\": \"x\\ny\"  }\n\n{\"progress\":{   \"a\": \"x\\ny\"  }}\n"
        );
    }
}
