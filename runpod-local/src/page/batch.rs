//! What has happened since the page was last told, as server-sent events. A busy endpoint has thousands of events a
//! second: of each job and worker only the newest state is told, and of very many jobs only that there are many.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::queue::{Event, JobId, Stats, Summary, WorkerSummary};

/// More jobs than this at once, and it is less work to load the list again.
const MOST_JOBS: usize = 200;

/// More bytes than this of one job's items and log lines at once, and the page loads that job again.
const MOST_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Batch {
    viewed: Option<JobId>,
    jobs: HashMap<JobId, Arc<Summary>>,
    order: Vec<JobId>,
    workers: HashMap<Arc<str>, Option<Arc<WorkerSummary>>>,
    /// Items and log lines of the job that is looked at, as text that is ready to be sent.
    lines: String,
    stats: String,
    reload: bool,
}

impl Batch {
    /// `viewed`: the job whose items and log lines are wanted as well.
    pub(super) fn new(viewed: Option<JobId>) -> Self {
        Self {
            viewed,
            jobs: HashMap::new(),
            order: Vec::new(),
            workers: HashMap::new(),
            lines: String::new(),
            stats: String::new(),
            reload: false,
        }
    }

    pub(super) fn add(&mut self, event: Event) {
        match event {
            Event::Described => self.reload = true,
            Event::Job(summary) => self.add_job(summary),
            Event::Worker(worker) => {
                self.workers.insert(Arc::clone(&worker.id), Some(worker));
            }
            Event::WorkerGone(id) => {
                self.workers.insert(id, None);
            }
            Event::Item { job, index, output } if self.viewed == Some(job) => {
                self.add_line(
                    "item",
                    &Item {
                        index,
                        output: &output,
                    },
                );
            }
            Event::Log { job, line } if self.viewed == Some(job) => self.add_line("log", &line),
            Event::Item { .. } | Event::Log { .. } => {}
        }
    }

    /// Events were missed: the page has to load everything again.
    pub(super) fn lost(&mut self) {
        self.reload = true;
    }

    /// Told only where they differ from those that were told last.
    pub(super) fn stats(&mut self, stats: &Stats, told: &mut String) {
        let text = json(stats);
        if *told != text {
            self.stats.clone_from(&text);
            *told = text;
        }
    }

    /// The events' text, which is then forgotten here; empty where nothing happened.
    pub(super) fn take(&mut self) -> String {
        let mut text = std::mem::take(&mut self.lines);
        for id in self.order.drain(..) {
            if let Some(summary) = self.jobs.remove(&id) {
                write(&mut text, "job", &json(&*summary));
            }
        }
        for (id, worker) in self.workers.drain() {
            match worker {
                Some(worker) => write(&mut text, "worker", &json(&*worker)),
                None => write(&mut text, "workerGone", &json(&Gone { id: &id })),
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

    fn add_job(&mut self, summary: Arc<Summary>) {
        let id = summary.id;
        let known = self.jobs.len();
        if known < MOST_JOBS || self.jobs.contains_key(&id) || self.viewed == Some(id) {
            if self.jobs.insert(id, summary).is_none() {
                self.order.push(id);
            }
        } else {
            self.reload = true;
        }
    }

    fn add_line(&mut self, name: &str, line: &impl Serialize) {
        if self.lines.len() < MOST_BYTES {
            write(&mut self.lines, name, &json(line));
        } else {
            self.reload = true;
        }
    }
}

#[derive(Serialize)]
struct Item<'a> {
    index: u64,
    output: &'a RawValue,
}

#[derive(Serialize)]
struct Gone<'a> {
    id: &'a str,
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
