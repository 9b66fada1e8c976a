//! The stream items, progress updates and log lines of unfinished jobs.

use tokio::time::Instant;

use super::error::QueueError;
use super::events::{LogEvent, PageEvent};
use super::id::JobId;
use super::job::Accepted;
use super::json::Json;
use super::log_lines::{self, LogLine};
use super::state::QueueState;
use super::views::{Status, StreamBatch};

impl QueueState {
    /// Adds items from the worker that runs the job. A large item has been split into several.
    pub(super) fn stream(
        &mut self,
        worker: &str,
        id: JobId,
        items: Vec<Json>,
        now: Instant,
    ) -> Result<Accepted, QueueError> {
        if !self.reclaim(worker, id, now)? {
            return Ok(Accepted::Ignored);
        }
        self.make_room(items.iter().map(|item| item.len() as u64).sum())?;
        let Some(job) = self.jobs.get_mut(&id) else {
            return Ok(Accepted::Ignored);
        };
        let stream = job.stream.get_or_insert_default();
        let mut lost = false;
        for item in items {
            let (index, lost_some) = stream.push(item, &self.limits);
            lost |= lost_some;
            self.publisher
                .publish(|| PageEvent::Item { job: id, index });
        }
        let is_news = lost && !std::mem::replace(&mut stream.is_overflowing, true);
        job.tell_waiters();
        if is_news {
            let lines = LogEvent::ItemsDropped(id);
            let line = LogLine::warning(&lines.to_string());
            self.publisher.warn(lines);
            self.log(id, line);
        }
        self.recount(id);
        Ok(Accepted::Yes)
    }

    pub(super) fn progress(
        &mut self,
        worker: &str,
        id: JobId,
        progress: Json,
        now: Instant,
    ) -> Result<Accepted, QueueError> {
        if !self.reclaim(worker, id, now)? {
            return Ok(Accepted::Ignored);
        }
        self.make_room(progress.len() as u64)?;
        if let Some(job) = self.jobs.get_mut(&id) {
            job.progress = Some(progress);
        }
        self.recount(id);
        self.tell_job(id);
        Ok(Accepted::Yes)
    }

    /// Adds a line to the log on the job's page.
    pub(super) fn log(&mut self, id: JobId, line: LogLine) {
        if let Some(job) = self.jobs.get_mut(&id) {
            let lines = job.lines.get_or_insert_default();
            let index = log_lines::push(lines, line, &self.limits);
            self.publisher.publish(|| PageEvent::Log { job: id, index });
            self.recount(id);
            // A log line is accepted even if the memory limit is reached. Older results are dropped instead.
            let _ = self.make_room(0);
        }
    }

    /// Returns the stream items that no client has fetched yet.
    pub(super) fn fetch(&mut self, id: JobId) -> Result<StreamBatch, QueueError> {
        let job = self
            .jobs
            .get_mut(&id)
            .ok_or_else(|| QueueError::UnknownJob(id.to_string()))?;
        let Some(stream) = &mut job.stream else {
            return Ok(StreamBatch {
                status: job.status,
                items: Vec::new(),
            });
        };
        let items = stream.fetch(self.limits.stream_answer);
        let status = if job.status.is_final() && !stream.is_fetched() {
            Status::InProgress
        } else {
            job.status
        };
        Ok(StreamBatch { status, items })
    }
}
