//! Results that wait for their webhook. They are the same bytes as those of the job, but outlive it: how many bytes may
//! wait is limited.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::events::WebhooksFull;
use super::job::Job;
use super::json::Json;
use super::views::JobReport;

/// What a call costs beside the bytes that it delivers, about: its task, and its connection.
const OVERHEAD: usize = 4 * 1024;

/// The queue between the jobs that end and the task that calls webhooks.
#[derive(Debug)]
pub(super) struct WebhookQueue {
    calls: mpsc::UnboundedSender<WebhookCall>,
    /// Bytes of all that wait.
    waiting: Arc<AtomicU64>,
    most: u64,
    /// Whether it was said that webhooks are not called for want of room.
    drops: bool,
}

/// A job that has ended and has a webhook.
#[derive(Debug)]
pub(crate) struct WebhookCall {
    pub(crate) report: JobReport,
    pub(crate) input: Bytes,
    pub(crate) url: Box<str>,
    _counted: PendingBytes,
}

/// Bytes that count as waiting until this is dropped.
#[derive(Debug)]
struct PendingBytes {
    waiting: Arc<AtomicU64>,
    bytes: u64,
}

impl WebhookQueue {
    /// `most`: how many bytes may wait.
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

    /// Has the webhook called, unless too many bytes wait already.
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
        // Nobody receives it once the endpoint has shut down.
        let _ = self.calls.send(WebhookCall {
            report: job.report(),
            input: job.task.slice(job.input.clone()),
            url: url.into(),
            _counted: counted,
        });
        Ok(())
    }

    /// A result may be larger than what may wait; then it waits alone.
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
