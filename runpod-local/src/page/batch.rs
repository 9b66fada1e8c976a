//! Collects events between two batches of server-sent events. A busy endpoint has thousands of events per second.
//! Therefore only the newest state of each job and worker is sent. If very many jobs have changed, the page is only
//! told to load the list again.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use crate::queue::{JobId, Json, PageEvent, Queue, Stats};

/// The maximum number of changed jobs in a batch. If there are more, loading the whole list again is less work.
const MOST_JOBS: usize = 200;

#[derive(Debug)]
pub(super) struct Batch {
    viewed: Option<JobId>,
    /// The maximum number of bytes in a batch. The page must load the rest.
    most_bytes: usize,
    jobs: HashSet<JobId>,
    order: Vec<JobId>,
    workers: HashSet<Arc<str>>,
    /// Events of workers, and items and log lines of the viewed job, already in the format to be sent.
    lines: String,
    stats: String,
    reload: bool,
}

impl Batch {
    /// Creates an empty batch. `viewed` is the job whose items and log lines are included.
    pub(super) fn new(viewed: Option<JobId>, most_bytes: usize) -> Self {
        Self {
            viewed,
            most_bytes,
            jobs: HashSet::new(),
            order: Vec::new(),
            workers: HashSet::new(),
            lines: String::new(),
            stats: String::new(),
            reload: false,
        }
    }

    /// Adds an event. An event only names what has changed; the new state is read from the queue.
    pub(super) fn add(&mut self, event: PageEvent, queue: &Queue) {
        match event {
            PageEvent::Described => self.reload = true,
            PageEvent::Job(id) => self.add_job(id),
            PageEvent::Worker(id) => {
                self.workers.insert(id);
            }
            PageEvent::Reported(number) => {
                self.add_line("workerEvent", || {
                    queue.worker_event(number).map(|event| json(&event))
                });
            }
            PageEvent::Item { job, index } if self.viewed == Some(job) => {
                self.add_line("item", || {
                    let item = queue.item(job, index)?;
                    Some(format!("{{\"index\":{index},\"output\":{}}}", text(&item)?))
                });
            }
            PageEvent::Log { job, index } if self.viewed == Some(job) => {
                self.add_line("log", || queue.line(job, index).map(|line| json(&line)));
            }
            PageEvent::Item { .. } | PageEvent::Log { .. } => {}
        }
    }

    /// Records that the batch has missed events, so the page must load everything again.
    pub(super) fn lost(&mut self) {
        self.reload = true;
    }

    /// Adds the statistics if they differ from those that were sent last.
    pub(super) fn stats(&mut self, stats: &Stats, sent: &mut String) {
        let text = json(stats);
        if *sent != text {
            self.stats.clone_from(&text);
            *sent = text;
        }
    }

    /// Returns the batch as text and clears it. The text is empty if nothing has happened.
    pub(super) fn take(&mut self, queue: &Queue) -> String {
        let mut text = std::mem::take(&mut self.lines);
        self.jobs.clear();
        for id in self.order.drain(..) {
            match queue.summary(id) {
                Some(summary) if text.len() < self.most_bytes || self.viewed == Some(id) => {
                    write(&mut text, "job", &json(&summary));
                }
                // The job no longer exists, or the batch is too large.
                _ => self.reload = true,
            }
        }
        for id in self.workers.drain() {
            match queue.worker(&id) {
                Some(worker) => write(&mut text, "worker", &json(&worker)),
                None => write(&mut text, "workerGone", &json(&WorkerGone { id: &id })),
            }
        }
        if !self.stats.is_empty() {
            write(&mut text, "stats", &std::mem::take(&mut self.stats));
        }
        if std::mem::take(&mut self.reload) {
            write(&mut text, "reload", "{}");
        }
        text
    }

    fn add_job(&mut self, id: JobId) {
        if self.jobs.contains(&id) {
            return;
        }
        if self.order.len() < MOST_JOBS || self.viewed == Some(id) {
            self.jobs.insert(id);
            self.order.push(id);
        } else {
            self.reload = true;
        }
    }

    /// Adds an item, a log line or an event of a worker. `line` returns `None` if the line is no longer kept.
    fn add_line(&mut self, name: &str, line: impl FnOnce() -> Option<String>) {
        // If a line is missing, the lines after it are useless to the page.
        if self.reload || self.lines.len() >= self.most_bytes {
            self.reload = true;
            return;
        }
        match line() {
            Some(line)
                if self.lines.is_empty() || self.lines.len() + line.len() <= self.most_bytes =>
            {
                write(&mut self.lines, name, &line);
            }
            _ => self.reload = true,
        }
    }
}

#[derive(Serialize)]
struct WorkerGone<'a> {
    id: &'a str,
}

/// Returns JSON as text. JSON is always UTF-8.
fn text(json: &Json) -> Option<&str> {
    std::str::from_utf8(json.as_bytes()).ok()
}

fn json(what: &impl Serialize) -> String {
    // Serialisation fails only for maps whose keys are not strings, and there are none.
    serde_json::to_string(what).unwrap_or_default()
}

fn write(text: &mut String, name: &str, json: &str) {
    text.push_str("event: ");
    text.push_str(name);
    text.push_str("\ndata: ");
    // Jobs may format their JSON in several lines, but a line break would end the event. JSON strings contain no raw
    // line breaks, so each line break can be replaced with a space.
    text.extend(json.chars().map(|letter| {
        if matches!(letter, '\n' | '\r') {
            ' '
        } else {
            letter
        }
    }));
    text.push_str("\n\n");
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod batch_tests;
