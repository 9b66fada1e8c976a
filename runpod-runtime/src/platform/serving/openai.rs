//! The routes of `OpenAI`'s API: the same jobs as on a queue endpoint, with true statuses and server-sent events.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body::Frame;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::{Instant, Sleep, sleep};

use super::answer::{ErrorAnswer, Outcome, json_response, part};
use super::events::{FULL_FRAME, QUIET};
use super::request_body::{discard, read_input};
use super::request_id::{self, REQUEST_ID};
#[cfg(feature = "otel")]
use super::request_trace;
use super::requests::{NewRequest, Open, Sent};
use super::routes::HandlerRoutes;
use crate::openai::{ApiError, ApiErrorKind, LAST_FRAME};

impl HandlerRoutes {
    pub(super) async fn call_openai(&self, request: Request<Body>) -> Response<Body> {
        let (parts, mut body) = request.into_parts();
        let id = request_id::of(&parts.headers);
        let shown_id = HeaderValue::from_str(&id);
        let has_body = parts.method == Method::POST;
        let path = parts.uri.path();
        let run = self.run_openai(id, path, has_body, &parts.headers, &mut body);
        let mut response = match run.await {
            Ok(response) => response,
            Err(error) => {
                discard(&parts.headers, &mut body).await;
                refusal(error)
            }
        };
        if let Ok(id) = shown_id {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }

    async fn run_openai(
        &self,
        id: String,
        path: &str,
        has_body: bool,
        headers: &HeaderMap,
        body: &mut Body,
    ) -> Result<Response<Body>, ErrorAnswer> {
        /// The part of a request that decides the form of the answer.
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Form {
            stream: Value,
        }

        let path = Value::from(path);
        let (input, streams) = if has_body {
            let body = read_input(headers, body).await?;
            let form: Form = serde_json::from_str(body.get()).unwrap_or_default();
            let input = format!("{{\"openai_route\":{path},\"openai_input\":{body}}}");
            (input, form.stream == Value::Bool(true))
        } else {
            (json!({ "openai_route": path }).to_string(), false)
        };
        let input = RawValue::from_string(input).map_err(|error| {
            ErrorAnswer::new(StatusCode::BAD_REQUEST, "BodyError", error.to_string())
        })?;
        let request = NewRequest {
            id,
            handler: None,
            input,
            wants_progress: false,
            #[cfg(feature = "otel")]
            trace: request_trace::of(headers),
        };
        let open = self.enter(request)?;
        let (open, first) = self.first(open).await?;
        if streams {
            streamed(open, first)
        } else {
            whole(open, first).await
        }
    }
}

/// Answers with the only item or the value of the job.
async fn whole(mut open: Open, mut first: Option<Sent>) -> Result<Response<Body>, ErrorAnswer> {
    let mut item = None;
    loop {
        let sent = match first.take() {
            Some(first) => Some(first),
            None => open.next().await,
        };
        match sent {
            Some(Sent::Item(body)) => item = Some(part(&body, "output")),
            Some(Sent::Progress(_)) => {}
            Some(Sent::Result { body, .. }) => {
                return match Outcome::of(&body) {
                    Outcome::Failed(error) => Err(error),
                    Outcome::Value(value) => Ok(object(item.unwrap_or(value))),
                };
            }
            None => return Err(open.closed_answer()),
        }
    }
}

/// Answers with an object. If it is an error, the response has the error's status.
fn object(value: Bytes) -> Response<Body> {
    let error = serde_json::from_slice::<Value>(&value).ok();
    match error.as_ref().and_then(ApiError::read) {
        Some(error) => failed(&error),
        None => json_response(StatusCode::OK, value),
    }
}

fn failed(error: &ApiError) -> Response<Body> {
    let status = StatusCode::from_u16(error.kind().status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json_response(status, error.nested().to_string())
}

/// Answers with the frames as they arrive. If the first one is an error, the response has the error's status.
fn streamed(open: Open, first: Option<Sent>) -> Result<Response<Body>, ErrorAnswer> {
    match &first {
        Some(Sent::Item(body)) => {
            let frame = text(body);
            let data = frame
                .strip_prefix("data: ")
                .and_then(|rest| rest.split("\n\n").next());
            let error: Option<Value> = data.and_then(|data| serde_json::from_str(data).ok());
            if let Some(error) = error.as_ref().and_then(ApiError::read) {
                return Ok(failed(&error));
            }
        }
        Some(Sent::Result { body, .. }) => {
            return match Outcome::of(body) {
                Outcome::Failed(error) => Err(error),
                Outcome::Value(value) => Ok(object(value)),
            };
        }
        _ => {}
    }
    let mut response = Response::new(Body::new(Frames {
        open,
        first,
        quiet: Box::pin(sleep(QUIET)),
        is_done: false,
        has_ended: false,
    }));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// Returns the text of an item that is a string.
fn text(item: &Bytes) -> String {
    serde_json::from_slice(&part(item, "output")).unwrap_or_default()
}

/// Answers with an error of the server in `OpenAI`'s form.
fn refusal(error: ErrorAnswer) -> Response<Body> {
    let status = error.status;
    let api_error = api_error(&error);
    let mut response = error.into_response();
    *response.body_mut() = Body::from(api_error.nested().to_string());
    *response.status_mut() = status;
    response
}

fn api_error(error: &ErrorAnswer) -> ApiError {
    let kind = match error.status {
        StatusCode::NOT_FOUND => ApiErrorKind::NotFound,
        StatusCode::SERVICE_UNAVAILABLE => ApiErrorKind::Unavailable,
        status if status.is_client_error() => ApiErrorKind::InvalidRequest,
        _ => ApiErrorKind::Server,
    };
    let message = error.body["error_message"].as_str().unwrap_or_default();
    ApiError::new(kind, message)
}

/// The body of a response: the frames of the job, as the handler's adapter wrote them.
#[derive(Debug)]
struct Frames {
    open: Open,
    first: Option<Sent>,
    quiet: Pin<Box<Sleep>>,
    /// Whether the job has sent its last frame.
    is_done: bool,
    has_ended: bool,
}

impl Frames {
    fn written(&mut self, sent: Option<Sent>) -> Bytes {
        let error = match sent {
            Some(Sent::Item(body)) => {
                let mut frames = text(&body);
                // Clients hang up after the last frame, and that would cancel a job whose result is on its way.
                if frames.ends_with(LAST_FRAME) {
                    frames.truncate(frames.len() - LAST_FRAME.len());
                    self.is_done = true;
                }
                return frames.into();
            }
            Some(Sent::Progress(_)) => return Bytes::new(),
            Some(Sent::Result { body, .. }) => match Outcome::of(&body) {
                Outcome::Value(_) => None,
                Outcome::Failed(error) => Some(error),
            },
            None if self.is_done => None,
            None => Some(self.open.closed_answer()),
        };
        self.has_ended = true;
        match error {
            None if self.is_done => Bytes::from_static(LAST_FRAME.as_bytes()),
            None => Bytes::new(),
            Some(error) => {
                let error = api_error(&error).nested();
                format!("data: {error}\n\n{LAST_FRAME}").into()
            }
        }
    }
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        // All frames that are ready leave together, because each frame costs a write to the connection.
        let mut frame = BytesMut::new();
        while !self.has_ended && frame.len() < FULL_FRAME {
            let sent = match self.first.take() {
                Some(first) => Some(first),
                None => match self.open.poll_next(cx) {
                    Poll::Ready(sent) => sent,
                    Poll::Pending => break,
                },
            };
            let written = self.written(sent);
            frame.extend_from_slice(&written);
        }
        if frame.is_empty() {
            if self.has_ended {
                return Poll::Ready(None);
            }
            if self.quiet.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            frame.extend_from_slice(b":\n\n");
        }
        self.quiet.as_mut().reset(Instant::now() + QUIET);
        Poll::Ready(Some(Ok(Frame::data(frame.freeze()))))
    }
}
