//! How a job is shown.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::book::Book;
use super::clock_time::unix_ms;
use super::job::Job;
use super::json::{self, Json};
use super::readiness::Readiness;
use super::worker::Worker;
use super::{Detail, JobId, LogLine, Stats, Status, Summary, WorkerSummary};

/// How much of an error stands in one line.
const LINE: usize = 200;

/// How many bytes of an error are read for that.
const READ: usize = 64 * 1024;

/// How many characters of an input stand in the list of jobs.
const PREVIEW: usize = 120;

/// A progress update with more bytes than this is shown cut.
const PROGRESS: usize = 16 * 1024;

/// What a client is told of a job.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) id: JobId,
    pub(crate) status: Status,
    pub(crate) delay: Option<Duration>,
    pub(crate) execution: Option<Duration>,
    /// The result; of a job that runs, the newest progress.
    pub(crate) output: Option<Json>,
    pub(crate) error: Option<Json>,
    pub(crate) worker: Option<Arc<str>>,
    pub(crate) retries: u32,
}

/// The counts of `/health`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Health {
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) in_progress: usize,
    pub(crate) in_queue: usize,
    pub(crate) retried: u64,
    pub(crate) idle: usize,
    /// Workers that are being built or load, and those that make room for a fresh one.
    pub(crate) initializing: usize,
    pub(crate) running: usize,
    pub(crate) unhealthy: usize,
    pub(crate) readiness: Readiness,
}

impl Job {
    pub(super) fn report(&self) -> Report {
        Report {
            id: self.id,
            status: self.status,
            delay: self.delay(),
            execution: self.execution(),
            output: self.output.as_ref().or(self.progress.as_ref()).cloned(),
            error: self.error.clone(),
            worker: self.worker.clone(),
            retries: self.retries,
        }
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            id: self.id,
            status: self.status,
            delay_time: self.delay().map(ms),
            execution_time: self.execution().map(ms),
            submitted: self.submitted,
            since: unix_ms().saturating_sub(ms(self.since().elapsed())),
            worker_id: self.worker.clone(),
            retries: self.retries,
            items: self.stream.as_ref().map_or(0, |stream| stream.end()),
            preview: self.preview(),
            progress: self.progress.as_ref().map(progress),
            error: self.error.as_ref().map(error_line),
        }
    }

    fn preview(&self) -> String {
        // More bytes than so many characters have.
        let input = &self.task[self.input.clone()];
        let start = &input[..input.len().min(4 * PREVIEW)];
        String::from_utf8_lossy(start)
            .chars()
            .take(PREVIEW)
            .collect()
    }

    /// When it came into its present state.
    fn since(&self) -> tokio::time::Instant {
        let begun = match self.status {
            Status::InQueue => None,
            Status::InProgress => self.taken_at,
            _ => self.ended_at,
        };
        begun.unwrap_or(self.queued_at)
    }

    fn sketch(&self) -> Sketch {
        Sketch {
            summary: Summary {
                error: None,
                ..self.summary()
            },
            input: self.task.slice(self.input.clone()),
            output: self.output.clone(),
            error: self.error.clone(),
            items: self
                .stream
                .iter()
                .flat_map(|stream| stream.kept())
                .cloned()
                .collect(),
            first_item: self.stream.as_ref().map_or(0, |stream| stream.first()),
            lines: self
                .lines
                .iter()
                .flat_map(|lines| lines.kept())
                .cloned()
                .collect(),
            has_webhook: self.webhook.is_some(),
        }
    }
}

/// A [`Detail`] that is not written out yet, which takes its time where there is much of it.
#[derive(Debug)]
pub(super) struct Sketch {
    summary: Summary,
    input: Bytes,
    output: Option<Json>,
    error: Option<Json>,
    items: Vec<Json>,
    first_item: u64,
    lines: Vec<LogLine>,
    has_webhook: bool,
}

impl Sketch {
    pub(super) fn finish(self) -> Detail {
        Detail {
            summary: self.summary,
            input: json::raw(&self.input),
            output: self.output.as_ref().map(Json::to_raw),
            error: self.error.as_ref().map(Json::to_raw),
            stream: self.items.iter().map(Json::to_raw).collect(),
            stream_from: self.first_item,
            logs: self.lines,
            webhook: self.has_webhook,
        }
    }
}

impl Book {
    pub(super) fn recent(&self, most: usize) -> Vec<Summary> {
        self.recent
            .iter()
            .rev()
            .filter_map(|id| self.jobs.get(id))
            .take(most)
            .map(|job| job.summary())
            .collect()
    }

    pub(super) fn summary(&self, id: JobId) -> Option<Summary> {
        self.jobs.get(&id).map(|job| job.summary())
    }

    pub(super) fn item(&self, id: JobId, index: u64) -> Option<Json> {
        self.jobs.get(&id)?.stream.as_ref()?.get(index).cloned()
    }

    pub(super) fn line(&self, id: JobId, index: u64) -> Option<LogLine> {
        self.jobs.get(&id)?.lines.as_ref()?.get(index).cloned()
    }

    pub(super) fn worker(&self, id: &str) -> Option<WorkerSummary> {
        let worker = self.workers.get(id).filter(|worker| !worker.is_ghost())?;
        Some(worker.summary())
    }

    pub(super) fn sketch(&self, id: JobId) -> Option<Sketch> {
        self.jobs.get(&id).map(|job| job.sketch())
    }

    pub(super) fn worker_list(&self) -> Vec<WorkerSummary> {
        let mut workers: Vec<_> = self
            .workers
            .values()
            .filter(|worker| !worker.is_ghost())
            .map(Worker::summary)
            .collect();
        workers.sort_by(|a, b| a.id.cmp(&b.id));
        workers
    }

    pub(super) fn stats(&mut self, now: tokio::time::Instant) -> Stats {
        Stats {
            throughput: self.tally.throughput(now),
            latency: self.tally.latency(),
            queue: self.queue.len(),
            running: self.running,
            completed: self.tally.completed,
            failed: self.tally.failed,
        }
    }

    pub(super) fn health(&self) -> Health {
        let mut health = Health {
            completed: self.tally.completed,
            failed: self.tally.failed,
            in_progress: self.running,
            in_queue: self.queue.len(),
            retried: self.tally.retried,
            initializing: self.initializing(),
            readiness: self.readiness(),
            ..Health::default()
        };
        for worker in self.workers.values().filter(|worker| !worker.is_ghost()) {
            if worker.unhealthy.is_some() {
                health.unhealthy += 1;
            } else if !worker.jobs.is_empty() {
                health.running += 1;
            } else if !worker.is_initializing() {
                health.idle += 1;
            }
        }
        health
    }
}

/// As it is shown in lists and events, of which there are many.
fn progress(progress: &Json) -> Box<RawValue> {
    if progress.len() <= PROGRESS {
        return progress.to_raw();
    }
    let start = String::from_utf8_lossy(&progress.as_bytes()[..PROGRESS]);
    let start: String = start.chars().take(LINE).chain(['…']).collect();
    Json::string(&start).to_raw()
}

/// The first line of an error, for people. The SDK's workers send an object in a string; its message is what counts.
pub(super) fn error_line(error: &Json) -> String {
    #[derive(Deserialize)]
    struct Structured<'a> {
        #[serde(borrow)]
        error_type: Option<std::borrow::Cow<'a, str>>,
        #[serde(borrow)]
        error_message: std::borrow::Cow<'a, str>,
    }
    // Of a very long one the beginning is enough.
    let json = &error.as_bytes()[..error.len().min(READ)];
    let whole = serde_json::from_slice::<String>(json)
        .unwrap_or_else(|_| String::from_utf8_lossy(json).into_owned());
    let text = match serde_json::from_str::<Structured<'_>>(&whole) {
        Ok(Structured {
            error_type: Some(kind),
            error_message,
        }) => format!("{kind}: {error_message}"),
        Ok(Structured { error_message, .. }) => error_message.into_owned(),
        Err(_) => whole,
    };
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(LINE)
        .collect();
    if cut.len() < line.len() {
        cut + "…"
    } else {
        cut
    }
}

pub(crate) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
