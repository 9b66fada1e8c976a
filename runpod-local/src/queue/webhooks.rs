//! Results that wait for their webhooks. A waiting result shares its bytes with the job, but may outlive it.
//! Therefore the number of waiting bytes is limited.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::events::WebhooksFull;
use super::job::Job;
use super::json::Json;
use super::views::JobReport;

/// The approximate cost of a call in bytes, apart from its data: the task and the connection.
const OVERHEAD: usize = 4 * 1024;

/// The queue between finished jobs and the task that calls webhooks.
#[derive(Debug)]
pub(super) struct WebhookQueue {
    calls: mpsc::UnboundedSender<WebhookCall>,
    /// The number of bytes that wait.
    waiting: Arc<AtomicU64>,
    most: u64,
    /// Whether the log already has a line about webhooks that are not called because of the limit.
    drops: bool,
}

/// A finished job with a webhook.
#[derive(Debug)]
pub(crate) struct WebhookCall {
    pub(crate) report: JobReport,
    pub(crate) input: Bytes,
    pub(crate) url: Box<str>,
    _counted: PendingBytes,
}

/// A number of bytes that count as waiting until this value is dropped.
#[derive(Debug)]
struct PendingBytes {
    waiting: Arc<AtomicU64>,
    bytes: u64,
}

impl WebhookQueue {
    /// Creates the queue. `most` is the maximum number of waiting bytes.
    pub(super) fn new(most: u64) -> (Self, mpsc::UnboundedReceiver<WebhookCall>) {
        let (calls, ended) = mpsc::unbounded_channel();
        let webhooks = Self {
            calls,
            waiting: Arc::default(),
            most,
            drops: false,
        };
        (webhooks, ended)
    }

    /// Queues a webhook call, unless too many bytes already wait.
    pub(super) fn hand_on(&mut self, job: &Job, url: &str) -> Result<(), WebhooksFull> {
        let size = |json: &Option<Json>| json.as_ref().map_or(0, Json::len);
        let bytes = OVERHEAD + job.task.len() + url.len() + size(&job.output) + size(&job.error);
        if self.waiting.load(Ordering::Relaxed) <= self.most / 2 {
            self.drops = false;
        }
        let Some(counted) = self.count(bytes as u64) else {
            return Err(WebhooksFull {
                most: self.most,
                is_new: !std::mem::replace(&mut self.drops, true),
            });
        };
        // Sending fails if the endpoint has shut down.
        let _ = self.calls.send(WebhookCall {
            report: job.report(),
            input: job.task.slice(job.input.clone()),
            url: url.into(),
            _counted: counted,
        });
        Ok(())
    }

    /// Counts the bytes of a result. A result that is larger than the limit is accepted if nothing else waits.
    fn count(&self, bytes: u64) -> Option<PendingBytes> {
        let fits = |waiting: u64| {
            let sum = waiting.saturating_add(bytes);
            (waiting == 0 || sum <= self.most).then_some(sum)
        };
        self.waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .ok()?;
        Some(PendingBytes {
            waiting: Arc::clone(&self.waiting),
            bytes,
        })
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}

impl Drop for PendingBytes {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
