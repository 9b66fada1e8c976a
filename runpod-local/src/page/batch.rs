//! What has happened since the last server-sent events. A busy endpoint has thousands of events a second: of each job and
//! worker only the newest state is sent, and of very many jobs only that there are many.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use crate::queue::{JobId, Json, PageEvent, Queue, Stats};

/// More jobs than this at once, and it is less work to load the list again.
const MOST_JOBS: usize = 200;

#[derive(Debug)]
pub(super) struct Batch {
    viewed: Option<JobId>,
    /// Bytes that are sent at once; the page has to load the rest.
    most_bytes: usize,
    jobs: HashSet<JobId>,
    order: Vec<JobId>,
    workers: HashSet<Arc<str>>,
    /// Items and log lines of the job that is looked at, as text that is ready to be sent.
    lines: String,
    stats: String,
    reload: bool,
}

impl Batch {
    /// `viewed`: the job whose items and log lines are wanted as well.
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

    /// Events only name what has changed; the queue has it.
    pub(super) fn add(&mut self, event: PageEvent, queue: &Queue) {
        match event {
            PageEvent::Described => self.reload = true,
            PageEvent::Job(id) => self.add_job(id),
            PageEvent::Worker(id) => {
                self.workers.insert(id);
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

    /// Events were missed: the page has to load everything again.
    pub(super) fn lost(&mut self) {
        self.reload = true;
    }

    /// Sent only if they differ from those that were sent last.
    pub(super) fn stats(&mut self, stats: &Stats, sent: &mut String) {
        let text = json(stats);
        if *sent != text {
            self.stats.clone_from(&text);
            *sent = text;
        }
    }

    /// The events' text, which is then forgotten here; empty where nothing happened.
    pub(super) fn take(&mut self, queue: &Queue) -> String {
        let mut text = std::mem::take(&mut self.lines);
        self.jobs.clear();
        for id in self.order.drain(..) {
            match queue.summary(id) {
                Some(summary) if text.len() < self.most_bytes || self.viewed == Some(id) => {
                    write(&mut text, "job", &json(&summary));
                }
                // It is gone, or there is too much to tell.
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

    /// `line` is none when it is kept no more.
    fn add_line(&mut self, name: &str, line: impl FnOnce() -> Option<String>) {
        // Once a line is left out, those after it are of no use to the page.
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

/// JSON is always UTF-8.
fn text(json: &Json) -> Option<&str> {
    std::str::from_utf8(json.as_bytes()).ok()
}

fn json(what: &impl Serialize) -> String {
    // Only a map with keys that are no text could fail, and there is none.
    serde_json::to_string(what).unwrap_or_default()
}

fn write(text: &mut String, name: &str, json: &str) {
    text.push_str("event: ");
    text.push_str(name);
    text.push_str("\ndata: ");
    // Jobs may lay their JSON out in lines, and a line's end would end the event. Outside of text, where JSON has it
    // escaped, it is as good as a space.
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
