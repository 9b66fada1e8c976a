use std::time::Duration;

use serde_json::value::RawValue;

use super::Batch;
use crate::queue::{
    CallingWorker, JobId, JobOutcome, JobPolicy, Json, Latency, LogLine, PageEvent, Queue, Stats,
    Submission,
};
use crate::settings::{Limits, Timing};

const MOST: usize = 1024 * 1024;

const WORKER: CallingWorker<'static> = CallingWorker {
    worker: "a\"b",
    agent: None,
};

fn queue() -> Queue {
    Queue::new(Limits::default(), Timing::default())
}

fn batch(viewed: Option<JobId>) -> Batch {
    Batch::new(viewed, MOST)
}

fn submit(queue: &Queue) -> JobId {
    let id = JobId::new(false);
    let submission = Submission {
        id,
        task: format!("{{\"id\":\"{id}\"}}").into_bytes().into(),
        input: 0..1,
        policy: JobPolicy {
            execution_timeout: Duration::from_mins(1),
            ttl: Duration::from_mins(1),
        },
        webhook: None,
    };
    queue.submit(submission).expect("the queue has room");
    id
}

/// Submits a job and lets a worker take it.
async fn running(queue: &Queue) -> JobId {
    let id = submit(queue);
    let tasks = queue.take(WORKER, 1).await.expect("the worker is admitted");
    assert_eq!(tasks.len(), 1);
    id
}

fn json(json: &str) -> Json {
    Json::copied(&RawValue::from_string(json.to_owned()).expect("the text is JSON"))
}

fn done(queue: &Queue, job: JobId) {
    let outcome = JobOutcome::posted(Some(json("1")), None);
    queue
        .done(WORKER.worker, job, outcome, false)
        .expect("the worker has the job");
}

/// Posts an item as the worker and returns the event for it.
fn item(queue: &Queue, job: JobId, index: u64, text: &str) -> PageEvent {
    let items = vec![json(text)];
    queue
        .post_items(WORKER.worker, job, items)
        .expect("the worker has the job");
    PageEvent::Item { job, index }
}

fn log(queue: &Queue, job: JobId, index: u64, text: &str) -> PageEvent {
    let mut line = LogLine::new("INFO", text);
    line.time = 1;
    queue.log(job, line);
    PageEvent::Log { job, index }
}

fn names(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect()
}

#[tokio::test]
async fn only_the_newest_state_of_a_job_is_told() {
    let queue = queue();
    let (one, other) = (running(&queue).await, submit(&queue));
    let mut batch = batch(None);
    batch.add(PageEvent::Job(one), &queue);
    batch.add(PageEvent::Job(other), &queue);
    done(&queue, one);
    batch.add(PageEvent::Job(one), &queue);
    let text = batch.take(&queue);
    assert_eq!(names(&text), ["job", "job"]);
    assert!(text.find(&one.to_string()) < text.find(&other.to_string()));
    assert_eq!(text.matches("COMPLETED").count(), 1);
    assert_eq!(text.matches("IN_QUEUE").count(), 1);
    assert_eq!(batch.take(&queue), "");
}

#[test]
fn very_many_jobs_at_once_are_told_as_a_reload_but_the_one_that_is_looked_at_is_told() {
    let queue = queue();
    let viewed = submit(&queue);
    let mut batch = batch(Some(viewed));
    for _ in 0..1_000 {
        batch.add(PageEvent::Job(submit(&queue)), &queue);
    }
    batch.add(PageEvent::Job(viewed), &queue);
    let text = batch.take(&queue);
    assert_eq!(names(&text).len(), super::MOST_JOBS + 2);
    assert!(text.contains(&viewed.to_string()));
    assert!(text.ends_with("event: reload\ndata: {}\n\n"));
}

#[test]
fn a_job_that_is_gone_already_is_told_as_a_reload() {
    let queue = queue();
    let mut batch = batch(None);
    batch.add(PageEvent::Job(JobId::new(false)), &queue);
    assert_eq!(names(&batch.take(&queue)), ["reload"]);
}

#[tokio::test]
async fn items_and_log_lines_are_told_of_the_job_that_is_looked_at_only_and_in_order() {
    let queue = queue();
    let (viewed, other) = (running(&queue).await, running(&queue).await);
    let mut batch = batch(Some(viewed));
    for event in [
        item(&queue, viewed, 0, "\"a\""),
        item(&queue, other, 0, "\"no\""),
        log(&queue, viewed, 0, "said"),
        log(&queue, other, 0, "no"),
        item(&queue, viewed, 1, "1.0"),
    ] {
        batch.add(event, &queue);
    }
    assert_eq!(
        batch.take(&queue),
        "event: item\ndata: {\"index\":0,\"output\":\"a\"}\n\n\
         event: log\ndata: {\"time\":1,\"level\":\"INFO\",\"text\":\"said\"}\n\n\
         event: item\ndata: {\"index\":1,\"output\":1.0}\n\n"
    );
}

#[tokio::test]
async fn json_that_is_laid_out_in_lines_does_not_end_its_event() {
    let queue = queue();
    let viewed = running(&queue).await;
    let mut batch = batch(Some(viewed));
    let text = "{\r\n\n  \"event\": \"a\\n\\nevent: reload\"\n}";
    batch.add(item(&queue, viewed, 0, text), &queue);
    assert_eq!(
        batch.take(&queue),
        "event: item\ndata: {\"index\":0,\"output\":{     \"event\": \"a\\n\\nevent: reload\" }}\n\n"
    );
}

#[tokio::test]
async fn a_flood_of_items_becomes_a_reload_and_never_more_bytes_than_are_told_at_once() {
    let queue = queue();
    let viewed = running(&queue).await;
    let large = format!("\"{}\"", "x".repeat(MOST / 3));
    let mut batch = batch(Some(viewed));
    for index in 0..64 {
        batch.add(item(&queue, viewed, index, &large), &queue);
    }
    let text = batch.take(&queue);
    assert!(text.len() < MOST + 1_000, "{}", text.len());
    assert_eq!(names(&text), ["item", "item", "reload"]);
    // The items after that are sent again.
    batch.add(item(&queue, viewed, 64, "1"), &queue);
    assert_eq!(names(&batch.take(&queue)), ["item"]);
}

#[tokio::test]
async fn a_single_item_may_be_larger_than_what_is_told_at_once() {
    let queue = queue();
    let viewed = running(&queue).await;
    let large = format!("\"{}\"", "x".repeat(2 * MOST));
    let mut batch = batch(Some(viewed));
    batch.add(item(&queue, viewed, 0, &large), &queue);
    batch.add(item(&queue, viewed, 1, "1"), &queue);
    assert_eq!(names(&batch.take(&queue)), ["item", "reload"]);
}

#[tokio::test]
async fn jobs_with_much_to_tell_are_bounded_too() {
    let queue = queue();
    let progress = format!("[{}1]", "1,".repeat(4_000));
    let mut batch = Batch::new(None, 100_000);
    for _ in 0..100 {
        let job = running(&queue).await;
        queue
            .post_progress(WORKER.worker, job, json(&progress))
            .expect("the worker has the job");
        batch.add(PageEvent::Job(job), &queue);
    }
    let text = batch.take(&queue);
    assert!(text.len() < 120_000, "{}", text.len());
    assert!(text.ends_with("event: reload\ndata: {}\n\n"));
}

#[tokio::test]
async fn an_item_that_is_dropped_before_it_is_told_is_a_reload() {
    let queue = queue();
    let viewed = running(&queue).await;
    let mut batch = batch(Some(viewed));
    batch.add(
        PageEvent::Item {
            job: viewed,
            index: 7,
        },
        &queue,
    );
    assert_eq!(names(&batch.take(&queue)), ["reload"]);
}

#[tokio::test]
async fn a_worker_that_went_is_told_as_gone() {
    let queue = queue();
    running(&queue).await;
    let mut batch = batch(None);
    batch.add(PageEvent::Worker(WORKER.worker.into()), &queue);
    assert_eq!(names(&batch.take(&queue)), ["worker"]);
    queue.worker_ended(WORKER.worker);
    batch.add(PageEvent::Worker(WORKER.worker.into()), &queue);
    assert_eq!(
        batch.take(&queue),
        "event: workerGone\ndata: {\"id\":\"a\\\"b\"}\n\n"
    );
}

#[test]
fn stats_are_told_when_they_have_changed() {
    let queue = queue();
    let mut stats = Stats {
        throughput: vec![0; 60],
        latency: Latency::default(),
        queue: 0,
        running: 0,
        completed: 0,
        failed: 0,
    };
    let mut told = String::new();
    let mut batch = batch(None);
    batch.stats(&stats, &mut told);
    assert_eq!(names(&batch.take(&queue)), ["stats"]);
    batch.stats(&stats, &mut told);
    assert_eq!(batch.take(&queue), "");
    stats.completed = 1;
    batch.stats(&stats, &mut told);
    assert_eq!(names(&batch.take(&queue)), ["stats"]);
}
