//! The views of a job.

use serde::Deserialize;

use super::clock::{ms, unix_ms};
use super::history::History;
use super::job::Job;
use super::json::Json;
use super::log_lines::LogLine;
use super::views::{Detail, JobReport, Status, Summary};
use crate::text::{excerpt, one_line};

/// The maximum number of characters of an error that is shown in one line.
const LINE: usize = 200;

/// The number of bytes of an error that are read for this line.
const READ: usize = 64 * 1024;

/// The number of characters of an input in the list of jobs.
const PREVIEW: usize = 120;

/// The maximum size of a progress update in bytes. A larger one is shortened.
const PROGRESS: usize = 16 * 1024;

impl Job {
    pub(super) fn report(&self) -> JobReport {
        JobReport {
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
            items: self.stream.as_ref().map_or(0, |stream| stream.items.end()),
            preview: self.preview(),
            progress: self.progress.as_ref().map(progress),
            error: self.error.as_ref().map(error_line),
        }
    }

    /// Returns the stream item with this number, if it is kept.
    pub(super) fn item(&self, index: u64) -> Option<Json> {
        self.stream.as_ref()?.items.get(index).cloned()
    }

    /// Returns the log line with this number, if it is kept.
    pub(super) fn line(&self, index: u64) -> Option<LogLine> {
        self.lines.as_ref()?.get(index).cloned()
    }

    fn preview(&self) -> String {
        // A character has at most 4 bytes, so this is enough for the preview.
        let input = &self.task[self.input.clone()];
        let start = &input[..input.len().min(4 * PREVIEW)];
        String::from_utf8_lossy(start)
            .chars()
            .take(PREVIEW)
            .collect()
    }

    /// Returns when the job entered its present state.
    fn since(&self) -> tokio::time::Instant {
        let begun = match self.status {
            Status::InQueue => None,
            Status::InProgress => self.taken_at,
            _ => self.ended_at,
        };
        begun.unwrap_or(self.queued_at)
    }

    /// Returns all details of the job. The JSON is shared with the job and serialised by the caller.
    pub(super) fn detail(&self) -> Detail {
        let stream = self.stream.as_ref().map(|stream| &stream.items);
        Detail {
            summary: Summary {
                error: None,
                ..self.summary()
            },
            input: self.task.slice(self.input.clone()).into(),
            output: self.output.clone(),
            error: self.error.clone(),
            stream: stream
                .iter()
                .flat_map(|items| items.iter())
                .cloned()
                .collect(),
            stream_from: stream.map_or(0, History::first),
            logs: self
                .lines
                .iter()
                .flat_map(|lines| lines.iter())
                .cloned()
                .collect(),
            webhook: self.webhook.is_some(),
        }
    }
}

/// Shortens a large progress update for lists and events, of which there are many.
fn progress(progress: &Json) -> Json {
    if progress.len() <= PROGRESS {
        return progress.clone();
    }
    let start = String::from_utf8_lossy(&progress.as_bytes()[..PROGRESS]);
    Json::string(&excerpt(&start, LINE))
}

/// Returns the first line of an error for people. The SDK's workers send an object as a string; then the line shows its
/// message.
pub(super) fn error_line(error: &Json) -> String {
    #[derive(Deserialize)]
    struct Structured<'a> {
        #[serde(borrow)]
        error_type: Option<std::borrow::Cow<'a, str>>,
        #[serde(borrow)]
        error_message: std::borrow::Cow<'a, str>,
    }
    // The beginning of a very long error is enough.
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
    excerpt(&one_line(line, READ), LINE).into_owned()
}
