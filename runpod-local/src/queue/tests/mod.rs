//! Tests of the queue's rules on its state alone, with times chosen by each test.

mod ending;
mod extremes;
mod losing;
mod readiness;
mod room;
mod showing;
mod streams;
mod taking;
mod timing_out;
mod waiting;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::events::LogEvent;
use super::handle::EVENTS;
use super::job::{Accepted, JobOutcome};
use super::state::QueueState;
use super::views::{Detail, WorkerState};
use super::webhooks::WebhookQueue;
use super::worker::{CallingWorker, Ping};
use super::*;
use crate::settings::{Limits, Timing};

/// The queue's state, and a clock that the test sets.
struct TimedQueue {
    state: QueueState,
    now: Instant,
    events: broadcast::Sender<PageEvent>,
    lines: Vec<LogEvent>,
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn json(text: &str) -> Json {
    Json::copied(&RawValue::from_string(text.to_owned()).expect("the text is valid JSON"))
}

fn output(text: &str) -> JobOutcome {
    JobOutcome::posted(Some(json(text)), None)
}

fn error(text: &str) -> JobOutcome {
    JobOutcome::posted(None, Some(json(text)))
}

fn caller(worker: &str) -> CallingWorker<'_> {
    CallingWorker {
        worker,
        agent: None,
    }
}

impl TimedQueue {
    fn new() -> Self {
        Self::with(Limits::default(), Timing::default())
    }

    fn limited(limit: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits::default();
        limit(&mut limits);
        Self::with(limits, Timing::default())
    }

    fn with(limits: Limits, timing: Timing) -> Self {
        let events = broadcast::Sender::new(1_024);
        let now = Instant::now();
        Self {
            state: QueueState::new(limits, timing, events.clone(), now),
            now,
            events,
            lines: Vec::new(),
        }
    }

    /// Submits a job with `/run` and the defaults.
    fn run(&mut self) -> JobId {
        self.submit(false, |_| {})
    }

    fn submit(&mut self, sync: bool, change: impl FnOnce(&mut Submission)) -> JobId {
        let mut submission = submission(sync, "1");
        change(&mut submission);
        let id = submission.id;
        self.state
            .submit(submission, self.now)
            .expect("the queue has room");
        id
    }

    /// Takes up to `most` jobs for the worker and returns their ids.
    fn take_up_to(&mut self, worker: &str, most: usize) -> Vec<JobId> {
        let tasks = self.state.take(caller(worker), most, self.now);
        tasks
            .expect("the worker may take jobs")
            .iter()
            .map(|task| {
                let task: Value = serde_json::from_slice(task).expect("the text is valid JSON");
                JobId::parse(task["id"].as_str().expect("the value is a string"))
                    .expect("the id is valid")
            })
            .collect()
    }

    fn take(&mut self, worker: &str) -> Option<JobId> {
        self.take_up_to(worker, 1).pop()
    }

    /// Submits a job, takes it, and returns its id.
    fn running(&mut self, worker: &str) -> JobId {
        let job = self.run();
        assert_eq!(self.take(worker), Some(job));
        job
    }

    fn done(&mut self, worker: &str, job: JobId, outcome: JobOutcome) -> Accepted {
        self.state
            .done(worker, job, outcome, false, self.now)
            .expect("the worker took the job")
    }

    /// Posts a result with `stopPod`, as a worker does before a refresh.
    fn refreshed(&mut self, worker: &str, job: JobId, outcome: JobOutcome) {
        self.state
            .done(worker, job, outcome, true, self.now)
            .expect("the worker took the job");
    }

    fn ping(&mut self, worker: &str, jobs: &[JobId]) {
        let ping = Ping {
            jobs: jobs.to_vec(),
            ..Ping::default()
        };
        self.state
            .ping(caller(worker), &ping, self.now)
            .expect("the worker may ping");
    }

    fn stops(&mut self, worker: &str) -> Vec<JobId> {
        let mut stops = self
            .state
            .stops(caller(worker), self.now)
            .expect("the worker may ask for stops")
            .0;
        stops.sort();
        stops
    }

    fn item(&mut self, worker: &str, job: JobId, item: &str) -> Accepted {
        self.state
            .stream(worker, job, vec![json(item)], self.now)
            .expect("the worker took the job")
    }

    /// Returns what a client gets from `/stream`.
    fn fetch(&mut self, job: JobId) -> (Status, Vec<String>) {
        let streamed = self.state.fetch(job).expect("the queue has the job");
        let text = |item: &Json| String::from_utf8(item.as_bytes().to_vec()).expect("UTF-8");
        (streamed.status, streamed.items.iter().map(text).collect())
    }

    /// Lets `time` pass. Everything that is due in that time happens when it is due.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.state.alarm.at.filter(|at| *at <= end) {
            self.now = self.now.max(at);
            while self.state.tick(self.now) {}
            self.lines.extend(self.state.publisher.take_lines());
        }
        self.now = end;
    }

    fn status(&self, job: JobId) -> Option<Status> {
        self.state.report(job).ok().map(|report| report.status)
    }

    fn report(&self, job: JobId) -> JobReport {
        self.state.report(job).expect("the queue has the job")
    }

    fn detail(&self, job: JobId) -> Detail {
        self.state
            .jobs
            .get(&job)
            .expect("the queue has the job")
            .detail()
    }

    /// Returns the job's error, which must be a string.
    fn error(&self, job: JobId) -> String {
        let error = self.report(job).error.expect("the job has an error");
        serde_json::from_slice(error.as_bytes()).expect("the text is valid JSON")
    }
}

fn submission(sync: bool, input: &str) -> Submission {
    let id = JobId::new(sync);
    let task = format!("{{\"id\":\"{id}\",\"input\":{input}}}");
    let end = task.len() - 1;
    let timing = Timing::default();
    Submission {
        id,
        input: end - input.len()..end,
        task: task.into_bytes().into_boxed_slice().into(),
        policy: JobPolicy {
            execution_timeout: timing.execution_timeout,
            ttl: timing.ttl,
        },
        webhook: None,
    }
}
