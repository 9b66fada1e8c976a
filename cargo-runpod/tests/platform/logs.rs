//! Logs as server-sent events. A stream ends after the lines that exist, or breaks in the middle of one.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::HeaderMap;
use axum::response::Response;
use futures_core::Stream;
use serde_json::{Map, Value};

use super::contract;
use super::routes::{Handle, lock, problem, response};

/// Chunks, and then the end or a broken connection.
struct Chunks {
    left: std::vec::IntoIter<String>,
    is_broken: bool,
    /// Whether the chunks are on their way to the client. hyper sends them if the body has to wait.
    is_flushed: bool,
}

impl Stream for Chunks {
    type Item = Result<String, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left.len() == 0 && !std::mem::replace(&mut self.is_flushed, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(match self.left.next() {
            Some(chunk) => Some(Ok(chunk)),
            None if std::mem::take(&mut self.is_broken) => Some(Err(std::io::Error::other("cut"))),
            None => None,
        })
    }
}

pub(super) fn answer(
    state: &Handle,
    endpoint: &str,
    worker: &str,
    query: &str,
    headers: &HeaderMap,
) -> Response {
    let mut state = lock(state);
    let mut given = Map::new();
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = value.replace("%3A", ":");
        let value = value.parse::<u64>().map_or(Value::from(value), Value::from);
        given.insert(key.to_owned(), value);
    }
    let given = Value::Object(given);
    let violations = contract::violations("log-query", &given);
    if !violations.is_empty() {
        state.violations.extend(violations.clone());
        return response(
            problem(422, "Request validation failed.", &violations),
            None,
        );
    }
    let resume = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok())
        .map(str::to_owned);
    state.resumed_at.push(resume.clone());
    let broken_after = if state.break_log_after.is_empty() {
        None
    } else {
        Some(state.break_log_after.remove(0))
    };
    let found = state
        .endpoint(endpoint)
        .and_then(|endpoint| endpoint.workers.iter_mut().find(|it| it.id == worker))
        .map(|worker| {
            worker.hear();
            worker.log.clone()
        });
    let Some(log) = found else {
        return response(problem(404, "worker not found", &[]), None);
    };
    let source = given["source"].as_str();
    let from = resume
        .as_deref()
        .or(given["since"].as_str())
        .unwrap_or_default();
    // The cursor is a time, so the lines of that time are sent again.
    let lines = log
        .iter()
        .filter(|line| source.is_none_or(|source| line["source"] == source))
        .filter(|line| {
            line["ts"]
                .as_str()
                .is_some_and(|ts| ts.get(..19) >= from.get(..19))
        });
    let mut lines: Vec<&Value> = lines.collect();
    if from.is_empty() {
        let tail = usize::try_from(given["tail"].as_u64().unwrap_or(100)).unwrap_or(100);
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let mut chunks = vec![": connected\n\n".to_owned()];
    let event = |line: &&Value| {
        format!(
            "id: {}\ndata: {line}\n\n",
            line["ts"].as_str().unwrap_or_default()
        )
    };
    chunks.extend(
        lines
            .iter()
            .take(broken_after.unwrap_or(usize::MAX))
            .map(event),
    );
    if broken_after.is_some() {
        // In the middle of a line.
        chunks.push("data: {\"ts\": \"2026".to_owned());
    }
    let chunks = Chunks {
        left: chunks.into_iter(),
        is_broken: broken_after.is_some(),
        is_flushed: false,
    };
    Response::builder()
        .header("content-type", "text/event-stream")
        .header("cache-control", "no-cache")
        .body(Body::from_stream(chunks))
        .expect("the response is well formed")
}
