use std::sync::Arc;

use serde_json::value::RawValue;

use super::Batch;
use crate::queue::{
    Event, JobId, Latency, LogLine, Stats, Status, Summary, WorkerState, WorkerSummary,
};

fn summary(id: JobId, status: Status) -> Event {
    Event::Job(Arc::new(Summary {
        id,
        status,
        delay_time: None,
        execution_time: None,
        submitted: 1,
        since: 1,
        worker_id: None,
        retries: 0,
        items: 0,
        preview: String::new(),
        progress: None,
        error: None,
    }))
}

fn item(job: JobId, index: u64, json: &str) -> Event {
    let output = RawValue::from_string(json.to_owned()).expect("it is JSON");
    Event::Item {
        job,
        index,
        output: Arc::from(output),
    }
}

fn names(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect()
}

#[test]
fn only_the_newest_state_of_a_job_is_told() {
    let (one, other) = (JobId::new(false), JobId::new(false));
    let mut batch = Batch::new(None);
    batch.add(summary(one, Status::InQueue));
    batch.add(summary(other, Status::InQueue));
    batch.add(summary(one, Status::Completed));
    let text = batch.take();
    assert_eq!(names(&text), ["job", "job"]);
    assert!(text.find(&one.to_string()) < text.find(&other.to_string()));
    assert_eq!(text.matches("COMPLETED").count(), 1);
    assert_eq!(text.matches("IN_QUEUE").count(), 1);
    assert_eq!(batch.take(), "");
}

#[test]
fn very_many_jobs_at_once_are_told_as_a_reload_but_the_one_that_is_looked_at_is_told() {
    let viewed = JobId::new(false);
    let mut batch = Batch::new(Some(viewed));
    for _ in 0..1_000 {
        batch.add(summary(JobId::new(false), Status::InQueue));
    }
    batch.add(summary(viewed, Status::Completed));
    let text = batch.take();
    assert_eq!(names(&text).len(), super::MOST_JOBS + 2);
    assert!(text.contains(&viewed.to_string()));
    assert!(text.ends_with("event: reload\ndata: {}\n\n"));
}

#[test]
fn items_and_log_lines_are_told_of_the_job_that_is_looked_at_only_and_in_order() {
    let (viewed, other) = (JobId::new(false), JobId::new(false));
    let line = |text: &str| LogLine {
        time: 1,
        level: "INFO",
        text: text.into(),
    };
    let mut batch = Batch::new(Some(viewed));
    batch.add(item(viewed, 0, "\"a\""));
    batch.add(item(other, 0, "\"no\""));
    batch.add(Event::Log {
        job: viewed,
        line: line("said"),
    });
    batch.add(Event::Log {
        job: other,
        line: line("no"),
    });
    batch.add(item(viewed, 1, "1.0"));
    assert_eq!(
        batch.take(),
        "event: item\ndata: {\"index\":0,\"output\":\"a\"}\n\n\
         event: log\ndata: {\"time\":1,\"level\":\"INFO\",\"text\":\"said\"}\n\n\
         event: item\ndata: {\"index\":1,\"output\":1.0}\n\n"
    );
}

#[test]
fn json_that_is_laid_out_in_lines_does_not_end_its_event() {
    let viewed = JobId::new(false);
    let mut batch = Batch::new(Some(viewed));
    batch.add(item(
        viewed,
        0,
        "{\r\n\n  \"event\": \"a\\n\\nevent: reload\"\n}",
    ));
    assert_eq!(
        batch.take(),
        "event: item\ndata: {\"index\":0,\"output\":{     \"event\": \"a\\n\\nevent: reload\" }}\n\n"
    );
}

#[test]
fn a_flood_of_items_becomes_a_reload() {
    let viewed = JobId::new(false);
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    let mut batch = Batch::new(Some(viewed));
    for index in 0..64 {
        batch.add(item(viewed, index, &large));
    }
    let text = batch.take();
    assert!(text.len() < 20 * 1024 * 1024, "{}", text.len());
    assert!(text.ends_with("event: reload\ndata: {}\n\n"));
}

#[test]
fn a_worker_that_went_is_told_as_gone() {
    let worker = WorkerSummary {
        id: "a\"b".into(),
        version: None,
        user_agent: None,
        jobs: Vec::new(),
        last_ping: None,
        last_seen: 1,
        state: WorkerState::Idle,
        reason: None,
    };
    let mut batch = Batch::new(None);
    batch.add(Event::Worker(Arc::new(worker)));
    batch.add(Event::WorkerGone("a\"b".into()));
    assert_eq!(
        batch.take(),
        "event: workerGone\ndata: {\"id\":\"a\\\"b\"}\n\n"
    );
}

#[test]
fn stats_are_told_when_they_have_changed() {
    let mut stats = Stats {
        throughput: vec![0; 60],
        latency: Latency::default(),
        queue: 0,
        running: 0,
        completed: 0,
        failed: 0,
    };
    let mut told = String::new();
    let mut batch = Batch::new(None);
    batch.stats(&stats, &mut told);
    assert_eq!(names(&batch.take()), ["stats"]);
    batch.stats(&stats, &mut told);
    assert_eq!(batch.take(), "");
    stats.completed = 1;
    batch.stats(&stats, &mut told);
    assert_eq!(names(&batch.take()), ["stats"]);
}
