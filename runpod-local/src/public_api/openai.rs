//! The calls of `OpenAI` clients. As on the platform, each call becomes a job with the route and the body in its input,
//! and the worker's output is the answer.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::submit;
use crate::channel_body::ChannelBody;
use crate::context::Context;
use crate::queue::{JobId, JobReport, Json, Queue, StreamBatch, Submission};
use crate::request_body;
use crate::response::{self, ErrorResponse};

/// How long one wait for a job takes. The call waits again until the job has ended.
const WAIT: Duration = Duration::from_mins(5);

/// The quiet time after which a comment is sent, so that a client that has hung up is noticed.
const QUIET: Duration = Duration::from_secs(15);

/// The last frame of a stream.
const DONE: &[u8] = b"data: [DONE]\n\n";

/// The part of a client's request that the endpoint reads.
#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    stream: Option<Value>,
}

/// Answers every path below `/openai`.
pub(super) async fn call(
    State(context): State<Context>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let route = route(request.uri().path());
    let body = if request.method() == Method::GET {
        None
    } else {
        request_body::demand_json(request.headers())?;
        let body = request_body::read_body(request, context.limits.runsync_body).await?;
        Some(body)
    };
    let (input, streams) = match &body {
        None => (json!({ "openai_route": route }).to_string(), false),
        Some(body) => wrapped(&route, body)?,
    };
    let job = format!("{{\"input\":{input}}}");
    let submission = submit::read(JobId::new(!streams), job.as_bytes(), &context.timing)?;
    let running = Running::submit(context.queue.clone(), submission)?;
    if streams {
        running.streamed().await
    } else {
        running.whole().await
    }
}

/// Returns the route for the worker: the path after `/openai`.
fn route(path: &str) -> String {
    let route = path.split_once("/openai").map_or(path, |(_, route)| route);
    route.to_owned()
}

/// Returns the job's input, and whether the client reads a stream.
fn wrapped(route: &str, body: &[u8]) -> Result<(String, bool), ErrorResponse> {
    let not_json = |error: serde_json::Error| {
        ErrorResponse::bad_request(format!("the body is not a JSON object: {error}"))
    };
    let raw: &RawValue = serde_json::from_slice(body).map_err(not_json)?;
    let call: Call = serde_json::from_str(raw.get()).map_err(not_json)?;
    let route = Value::from(route);
    let input = format!(
        "{{\"openai_route\":{route},\"openai_input\":{}}}",
        raw.get()
    );
    Ok((input, call.stream == Some(Value::Bool(true))))
}

/// A job whose client waits. If the client hangs up, the job is cancelled.
struct Running {
    queue: Queue,
    id: JobId,
    has_ended: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended {
            let _ = self.queue.cancel(self.id);
        }
    }
}

impl Running {
    fn submit(queue: Queue, submission: Submission) -> Result<Self, ErrorResponse> {
        let id = submission.id;
        queue.submit(submission)?;
        Ok(Self {
            queue,
            id,
            has_ended: false,
        })
    }

    async fn ended(&mut self) -> Result<JobReport, ErrorResponse> {
        loop {
            let report = self.queue.wait(self.id, WAIT).await?;
            if report.status.is_final() {
                self.has_ended = true;
                return Ok(report);
            }
        }
    }

    /// Waits for the job, and answers with its output.
    async fn whole(mut self) -> Result<Response, ErrorResponse> {
        let report = self.ended().await?;
        if let Some(failed) = failure(&report) {
            return Ok(failed);
        }
        let output = report.output.as_ref().map(Json::as_bytes);
        let output = output.unwrap_or(b"null");
        let answer = match serde_json::from_slice::<Vec<&RawValue>>(output) {
            // A worker that does not repeat its items in the result has sent them.
            Ok(list) if list.is_empty() => joined(self.items().await.iter().map(Json::as_bytes)),
            Ok(list) => joined(list.iter().map(|it| it.get().as_bytes())),
            Err(_) => Bytes::copy_from_slice(output),
        };
        Ok(response::ok(answer))
    }

    async fn items(&self) -> Vec<Json> {
        let mut items = Vec::new();
        while let Ok(streamed) = self.queue.stream(self.id).await {
            items.extend(streamed.items);
            if streamed.status.is_final() {
                break;
            }
        }
        items
    }

    /// Answers with the items as they arrive.
    async fn streamed(mut self) -> Result<Response, ErrorResponse> {
        let first = self.queue.stream(self.id).await?;
        let (sender, frames) = mpsc::channel(1);
        tokio::spawn(async move { self.forward(first, sender).await });
        let mut response = Response::new(Body::new(ChannelBody::new(frames)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(response)
    }

    /// Sends the frames until the job has ended or the client has hung up.
    async fn forward(&mut self, first: StreamBatch, sender: mpsc::Sender<Bytes>) {
        let mut next = Some(first);
        let mut has_sent = false;
        loop {
            let streamed = if let Some(first) = next.take() {
                first
            } else {
                tokio::select! {
                    streamed = self.queue.stream(self.id) => match streamed {
                        Ok(streamed) => streamed,
                        Err(_) => return,
                    },
                    () = sender.closed() => return,
                    () = tokio::time::sleep(QUIET) => {
                        if sender.send(Bytes::from_static(b": waiting\n\n")).await.is_err() {
                            return;
                        }
                        continue;
                    }
                }
            };
            if !streamed.items.is_empty() {
                let frames = joined(streamed.items.iter().map(Json::as_bytes));
                has_sent = true;
                // Clients hang up after the last frame, and the worker may still be posting the job's result.
                self.has_ended |= frames.ends_with(DONE);
                if sender.send(frames).await.is_err() {
                    return;
                }
            }
            if streamed.status.is_final() {
                break;
            }
        }
        self.has_ended = true;
        let Ok(report) = self.queue.report(self.id) else {
            return;
        };
        let last = match (&report.error, &report.output) {
            (Some(error), _) => {
                let frame = json!({ "error": server_error(error) });
                Bytes::from(format!("data: {frame}\n\ndata: [DONE]\n\n"))
            }
            // This worker has returned its frames instead of sending them.
            (None, Some(output)) if !has_sent => {
                match serde_json::from_slice::<Vec<&RawValue>>(output.as_bytes()) {
                    Ok(list) => joined(list.iter().map(|it| it.get().as_bytes())),
                    Err(_) => joined([output.as_bytes()].into_iter()),
                }
            }
            _ => return,
        };
        let _ = sender.send(last).await;
    }
}

/// Joins items: strings as their text, and other values as JSON.
fn joined<'a>(items: impl Iterator<Item = &'a [u8]>) -> Bytes {
    let mut joined = Vec::new();
    for item in items {
        match serde_json::from_slice::<String>(item) {
            Ok(text) => joined.extend_from_slice(text.as_bytes()),
            Err(_) => joined.extend_from_slice(item),
        }
    }
    joined.into()
}

/// The answer to a call whose job has failed or was stopped.
fn failure(report: &JobReport) -> Option<Response> {
    let error = report.error.as_ref()?;
    let body = json!({ "error": server_error(error) }).to_string();
    Some(response::json(StatusCode::INTERNAL_SERVER_ERROR, body))
}

/// Returns the error object for a job's error, which may be the JSON of an error report.
fn server_error(error: &Json) -> Value {
    #[derive(Deserialize)]
    struct Report {
        error_message: String,
    }

    let text = serde_json::from_slice::<String>(error.as_bytes())
        .unwrap_or_else(|_| String::from_utf8_lossy(error.as_bytes()).into_owned());
    let message = serde_json::from_str::<Report>(&text).map_or(text, |it| it.error_message);
    json!({ "message": message, "type": "server_error", "param": null, "code": null })
}
