//! The requests that clients have open: those that wait for a slot, and those whose jobs the worker has.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Map;
use serde_json::value::RawValue;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout};

use super::answer::ErrorAnswer;
#[cfg(feature = "otel")]
use crate::handler::RequestTrace;
use crate::handler::TakenJob;
use crate::platform::{Post, PostKind, Posted, Taken};

/// How many items and progress updates of one job may wait for its client. The handler waits when they are full.
const MOST_UNSENT: usize = 16;
/// How long an item may wait for a client that reads nothing. After that, the client counts as disconnected, so that it
/// does not hold a slot forever.
const LONGEST_STALL: Duration = Duration::from_mins(1);
/// How many requests may wait for a slot, and how many bytes their inputs may have.
const MOST_WAITING: usize = 1024;
const MOST_WAITING_BYTES: usize = 512 << 20;
/// How many ids of earlier jobs are remembered, so that no two jobs of the worker have the same one.
const MOST_RECENT: usize = 4096;

/// A part of a job's output, in the form in which the worker posts it.
#[derive(Debug)]
pub(super) enum Sent {
    Item(Bytes),
    Progress(Bytes),
    Result { body: Bytes, streaming: bool },
}

/// Why a request was not accepted, or did not get a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Too many requests wait already.
    Full,
    /// The worker is shutting down.
    Closing,
}

/// A new request.
pub(super) struct NewRequest {
    pub(super) id: String,
    /// The name of the handler, unless the input names it.
    pub(super) handler: Option<Arc<str>>,
    pub(super) input: Box<RawValue>,
    /// Whether the response shows progress.
    pub(super) wants_progress: bool,
    #[cfg(feature = "otel")]
    pub(super) trace: RequestTrace,
}

/// A request whose client waits for its answer. Dropping it means that the client has disconnected.
#[derive(Debug)]
pub(super) struct Open {
    /// The id of the request's job.
    pub(super) id: Arc<str>,
    requests: Arc<Requests>,
    sent: mpsc::Receiver<Sent>,
}

/// All open requests. The server adds them, and the worker takes them as jobs.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    table: Mutex<Table>,
    arrived: Notify,
    left: Notify,
}

#[derive(Debug, Default)]
struct Table {
    open: HashMap<Arc<str>, Client>,
    waiting: VecDeque<TakenJob>,
    waiting_bytes: usize,
    /// The jobs that the worker has taken and whose clients have disconnected since.
    abandoned: Vec<String>,
    /// The ids of the last jobs.
    recent: HashSet<Arc<str>>,
    recent_in_order: VecDeque<Arc<str>>,
    /// When the worker started to shut down.
    closed_at: Option<Instant>,
    /// Why the worker could not start, if it could not.
    failure: Option<String>,
}

#[derive(Debug)]
struct Client {
    sender: mpsc::Sender<Sent>,
    wants_progress: bool,
}

impl Table {
    /// Removes a request that waits for a slot. Returns whether it did.
    fn withdraw(&mut self, id: &str) -> bool {
        let Some(index) = self.waiting.iter().position(|job| job.id == id) else {
            return false;
        };
        if let Some(job) = self.waiting.remove(index) {
            self.waiting_bytes -= job.input.get().len();
        }
        true
    }

    /// Returns what to answer to the worker, unless it must wait.
    fn take(&mut self, want: usize) -> Option<Taken> {
        if self.waiting.is_empty() {
            return self.closed_at.map(|_| Taken::NoMore);
        }
        let number = want.min(self.waiting.len());
        let jobs: Vec<_> = self.waiting.drain(..number).map(Ok).collect();
        let bytes: usize = jobs.iter().flatten().map(|job| job.input.get().len()).sum();
        self.waiting_bytes -= bytes;
        Some(Taken::Jobs(jobs))
    }

    /// Removes a request. Returns whether the worker must stop its job.
    fn abandon(&mut self, id: &Arc<str>) -> bool {
        let is_running = self.open.remove(id).is_some() && !self.withdraw(id);
        if is_running {
            self.abandoned.push(id.to_string());
        }
        is_running
    }

    /// Returns the id of a new job. It is the request's own id, unless another request had it a short time ago. The
    /// worker would ignore a second job with the same id as long as it has the first one, but a client may send its
    /// request again at any time.
    fn unused_id(&mut self, id: String) -> Arc<str> {
        let is_in_use = self.open.contains_key(id.as_str()) || self.recent.contains(id.as_str());
        let id: Arc<str> = if is_in_use {
            format!("{id}-{}", uuid::Uuid::new_v4()).into()
        } else {
            id.into()
        };
        self.recent.insert(Arc::clone(&id));
        self.recent_in_order.push_back(Arc::clone(&id));
        if self.recent_in_order.len() > MOST_RECENT
            && let Some(oldest) = self.recent_in_order.pop_front()
        {
            self.recent.remove(&oldest);
        }
        id
    }
}

impl Requests {
    /// Adds a request, which waits for a slot.
    ///
    /// # Errors
    ///
    /// Returns an error if too many requests wait, or if the worker is shutting down.
    pub(super) fn enter(self: &Arc<Self>, request: NewRequest) -> Result<Open, Refused> {
        let (sender, sent) = mpsc::channel(MOST_UNSENT);
        let mut table = self.table();
        if table.closed_at.is_some() {
            return Err(Refused::Closing);
        }
        let bytes = table.waiting_bytes + request.input.get().len();
        if table.waiting.len() >= MOST_WAITING || bytes > MOST_WAITING_BYTES {
            return Err(Refused::Full);
        }
        table.waiting_bytes = bytes;
        let id = table.unused_id(request.id);
        let client = Client {
            sender,
            wants_progress: request.wants_progress,
        };
        table.open.insert(Arc::clone(&id), client);
        table.waiting.push_back(TakenJob {
            id: id.to_string(),
            input: request.input,
            webhook: None,
            extra: Map::new(),
            handler: request.handler,
            #[cfg(feature = "otel")]
            request: Some(Box::new(request.trace)),
        });
        drop(table);
        self.arrived.notify_one();
        Ok(Open {
            id,
            requests: Arc::clone(self),
            sent,
        })
    }

    /// Waits for requests and hands over at most `want` of them. Only one task may call this.
    pub(super) async fn take(&self, want: usize) -> Taken {
        loop {
            if let Some(taken) = self.table().take(want) {
                return taken;
            }
            self.arrived.notified().await;
        }
    }

    /// Waits for clients that disconnect, and returns their jobs. Only one task may call this.
    pub(super) async fn abandoned(&self) -> Vec<String> {
        loop {
            let abandoned = std::mem::take(&mut self.table().abandoned);
            if !abandoned.is_empty() {
                return abandoned;
            }
            self.left.notified().await;
        }
    }

    /// Writes to the response of the job's request.
    pub(super) async fn post(&self, post: &Post) -> Posted {
        let is_result = matches!(post.kind, PostKind::Result { .. });
        let sender = {
            let mut table = self.table();
            let Some(client) = table.open.get(&post.job_id) else {
                return disconnected();
            };
            if post.kind == PostKind::Progress && !client.wants_progress {
                return Posted::Accepted;
            }
            let sender = client.sender.clone();
            if is_result {
                // The job is over, so a client that disconnects from now on stops nothing.
                table.open.remove(&post.job_id);
            }
            sender
        };
        let body = post.body.clone();
        let sent = match post.kind {
            PostKind::Item => Sent::Item(body),
            PostKind::Progress => Sent::Progress(body),
            PostKind::Result { streaming } => Sent::Result { body, streaming },
        };
        match timeout(LONGEST_STALL, sender.send(sent)).await {
            Ok(Ok(())) => Posted::Accepted,
            Ok(Err(_)) => disconnected(),
            Err(_) => {
                tracing::warn!(
                    job_id = &*post.job_id,
                    "the client has read nothing for {} s and counts as disconnected",
                    LONGEST_STALL.as_secs()
                );
                self.abandon(&post.job_id);
                disconnected()
            }
        }
    }

    /// Accepts no more requests. Those that wait for a slot are refused.
    pub(super) fn close(&self) {
        self.close_after(None);
    }

    /// Like [`close`](Self::close). If the worker could not start, `failure` is the reason, which the clients get. Only
    /// the first reason counts.
    pub(super) fn close_after(&self, failure: Option<&str>) {
        let mut table = self.table();
        let was_open = table.closed_at.is_none();
        table.closed_at.get_or_insert_with(Instant::now);
        if was_open {
            table.failure = failure.map(str::to_owned);
        }
        table.waiting_bytes = 0;
        for job in std::mem::take(&mut table.waiting) {
            // The request notices that nobody can send to it any more.
            table.open.remove(job.id.as_str());
        }
        drop(table);
        self.arrived.notify_one();
    }

    /// Returns the answer to a request that gets no result, because the worker accepts no more.
    pub(super) fn closed_answer(&self) -> ErrorAnswer {
        match &self.table().failure {
            Some(failure) => ErrorAnswer::failed_start(failure),
            None => ErrorAnswer::shut_down(),
        }
    }

    pub(super) fn closed_at(&self) -> Option<Instant> {
        self.table().closed_at
    }

    /// Notes that the client of a request has disconnected.
    fn abandon(&self, id: &Arc<str>) {
        if self.table().abandon(id) {
            self.left.notify_one();
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn disconnected() -> Posted {
    Posted::NotWanted {
        why: "its client has disconnected".to_owned(),
    }
}

impl Open {
    /// Waits for the next part of the output. Returns `None` if none will follow, although there was no result.
    pub(super) async fn next(&mut self) -> Option<Sent> {
        self.sent.recv().await
    }

    /// Like [`next`](Self::next), for code that is polled.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Sent>> {
        self.sent.poll_recv(cx)
    }

    /// Returns the answer to a request after which nothing will be sent any more.
    pub(super) fn closed_answer(&self) -> ErrorAnswer {
        self.requests.closed_answer()
    }

    /// Gives the request up if it still waits for a slot. Returns whether it did.
    pub(super) fn withdraw(&self) -> bool {
        let mut table = self.requests.table();
        let has_waited = table.withdraw(&self.id);
        if has_waited {
            table.open.remove(&self.id);
        }
        has_waited
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.requests.abandon(&self.id);
    }
}

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;
