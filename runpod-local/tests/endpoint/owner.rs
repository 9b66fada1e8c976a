//! Tests the methods for the program that starts an endpoint and its workers.

use std::time::Duration;

use reqwest::Method;
use runpod_local::{Endpoint, HandlerInfo, Limits, WorkerEvent};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::site::{Site, timed};

/// How long a test waits for an expected event.
const PATIENCE: Duration = Duration::from_mins(1);

fn handler(name: &str, word: &str) -> HandlerInfo {
    let schema = json!({ "type": "object", "properties": { word: { "type": "string" } } });
    HandlerInfo {
        name: name.to_owned(),
        input: Some(schema),
        output: None,
        ..HandlerInfo::default()
    }
}

#[tokio::test]
async fn what_is_told_of_the_worker_can_change_while_it_runs() {
    let site = Site::of(
        Endpoint::new()
            .handlers(vec![handler("old", "wingspan")])
            .examples(vec![json!({ "input": 1 })]),
    )
    .await;
    let before = site.get("/openapi.json").await.ok().to_string();
    assert!(before.contains("wingspan"), "{before}");
    let events = site.request(Method::GET, "/local/events");
    let mut events = events.send().await.expect("the endpoint answers");
    // Once the first event has arrived, the connection receives all later ones.
    events.chunk().await.expect("the connection stays open");

    site.running.describe(
        vec![handler("new", "beak"), handler("other", "beak")],
        Some("task".to_owned()),
        vec![json!({ "input": 2 })],
    );
    let reload = async {
        let mut told = String::new();
        while !told.contains("event: reload") {
            let some = events
                .chunk()
                .await
                .expect("the connection stays open")
                .expect("an event arrives");
            told.push_str(&String::from_utf8_lossy(&some));
        }
    };
    timeout(PATIENCE, reload)
        .await
        .expect("open pages should receive a `reload` event");
    let state = site.get("/local/state").await.ok();
    let names: Vec<_> = state["handlers"]
        .as_array()
        .expect("the value is an array")
        .iter()
        .map(|handler| &handler["name"])
        .collect();
    assert_eq!(names, ["new", "other"]);
    assert_eq!(state["route"], "task");
    assert_eq!(state["examples"], json!([{ "input": 2 }]));
    let after = site.get("/openapi.json").await.ok().to_string();
    assert!(after.contains("beak") && !after.contains("wingspan"));
}

#[tokio::test]
async fn a_worker_is_attached_when_it_has_asked_for_a_job_and_not_when_it_pinged() {
    let site = timed(|timing| timing.take_hold = Duration::from_millis(1)).await;
    assert_eq!(site.get("/ping/w1").await.status, 200);
    let mut attached = std::pin::pin!(site.running.attached("w1"));
    tokio::select! {
        biased;
        () = &mut attached => panic!("the worker has only pinged"),
        reply = site.get("/job-take/w2") => assert_eq!(reply.status, 204),
    }
    let asking = async {
        site.get("/job-take/w1").await;
        attached.await;
        // A later call resolves too.
        site.running.attached("w1").await;
    };
    timeout(PATIENCE, asking)
        .await
        .expect("the worker has asked for a job");
}

#[tokio::test]
async fn the_jobs_of_a_worker_that_ended_are_there_for_others_at_once() {
    let site = Site::new().await;
    let jobs = [site.run(json!(1)).await, site.run(json!(2)).await];
    for job in &jobs {
        assert_eq!(site.take("w1").await["id"], **job);
    }
    let counted = site.running.open_jobs();
    assert_eq!((counted.queued, counted.running), (0, 2));
    site.running.worker_ended("w1");
    let counted = site.running.open_jobs();
    assert_eq!((counted.queued, counted.running), (2, 0));
    let state = site.get("/local/state").await.ok();
    assert_eq!(state["workers"], json!([]));
    for job in &jobs {
        assert_eq!(site.take("w2").await["id"], **job);
        assert_eq!(site.status(job).await["retries"], 1);
    }
}

#[tokio::test]
async fn a_poll_that_outlives_its_worker_takes_nothing() {
    let site = Site::new().await;
    let poll = async {
        let reply = site.get("/job-take/w1").await;
        assert!(reply.error(410).contains("worker w1 has already exited"));
    };
    let end = async {
        site.until_known(&["w1"]).await;
        site.running.worker_ended("w1");
        site.run(json!("for others")).await
    };
    let (job, ()) = tokio::join!(end, poll);
    assert_eq!(site.take("w2").await["id"], *job);
    assert_eq!(site.get("/job-take/w1").await.status, 410);
}

#[tokio::test]
async fn a_result_that_a_worker_posted_with_its_last_breath_counts() {
    let site = Site::new().await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    site.running.worker_ended("w1");
    site.done("w1", &job, json!({ "output": "late" }))
        .await
        .ok();
    let status: Value = site.status(&job).await;
    assert_eq!(status["output"], "late", "{status}");
}

#[tokio::test]
async fn health_says_why_nobody_takes_a_job() {
    let site = Site::new().await;
    let running = &site.running;
    let told = async || {
        let health = site.get("/v2/local/health").await.ok();
        (
            health["local"].clone(),
            health["workers"]["initializing"].clone(),
        )
    };
    assert_eq!(told().await, (json!({"state": "no_worker"}), json!(0)));
    running.build_started(2);
    assert_eq!(told().await, (json!({"state": "building"}), json!(2)));
    running.build_failed("it does \"not\" build");
    let failed = json!({"state": "build_failed", "reason": "it does \"not\" build"});
    assert_eq!(told().await, (failed, json!(0)));
    running.build_started(1);
    running.worker_starts("w1");
    running.build_finished();
    assert_eq!(told().await, (json!({"state": "loading"}), json!(1)));
    running.worker_crashed("w1", "exit code 1");
    let crashed = json!({"state": "crashed", "reason": "exit code 1"});
    assert_eq!(told().await, (crashed, json!(0)));
    running.worker_starts("w2");
    let loading = json!({"state": "loading", "reason": "exit code 1"});
    assert_eq!(told().await, (loading, json!(1)));
    site.run(json!({})).await;
    site.take("w2").await;
    assert_eq!(told().await, (json!({"state": "ready"}), json!(0)));
}

#[tokio::test]
async fn a_reader_of_events_that_stalls_is_told_to_load_everything_again() {
    let mut limits = Limits::default();
    limits.event_bytes = 64 * 1024;
    let site = Site::of(Endpoint::new().limits(limits)).await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    let events = site.request(Method::GET, &format!("/local/events?job={job}"));
    let mut events = events.send().await.expect("the endpoint answers");
    events.chunk().await.expect("the connection stays open");
    // The page reads nothing while 64 MB are posted.
    let item = json!("x".repeat(1_000_000));
    for _ in 0..64 {
        site.item("w1", &job, item.clone()).await.ok();
    }
    let mut told = 0;
    let mut end = String::new();
    let reload = async {
        while !end.contains("event: reload") {
            let some = events
                .chunk()
                .await
                .expect("the connection stays open")
                .expect("an event arrives");
            told += some.len();
            end.push_str(&String::from_utf8_lossy(
                &some[some.len().saturating_sub(64)..],
            ));
        }
    };
    timeout(PATIENCE, reload)
        .await
        .expect("the page should receive a `reload` event");
    assert!(told < 32_000_000, "{told} bytes");
}

#[tokio::test]
async fn a_worker_that_leaves_gets_no_further_job_and_takes_none_away() {
    let site = timed(|timing| timing.take_hold = Duration::from_mins(10)).await;
    let (leaving, staying) = (site.get("/job-take/leaving"), site.get("/job-take/staying"));
    let (mut leaving, mut staying) = (std::pin::pin!(leaving), std::pin::pin!(staying));
    let both_ask = async {
        site.running.attached("leaving").await;
        site.running.attached("staying").await;
    };
    tokio::select! {
        biased;
        _ = &mut leaving => panic!("there is no job yet"),
        _ = &mut staying => panic!("there is no job yet"),
        () = both_ask => {}
    }
    site.running.worker_leaves("leaving");
    let answer = timeout(PATIENCE, leaving)
        .await
        .expect("the endpoint must answer the leaving worker's poll");
    assert_eq!(answer.status, 204);

    let job = site.post("/run", &json!({ "input": 1 })).await.ok();
    let again = timeout(PATIENCE, site.get("/job-take/leaving")).await;
    assert_eq!(
        again.expect("the endpoint must hold the new poll").status,
        204
    );
    let taken = timeout(PATIENCE, staying)
        .await
        .expect("the other worker must get the job");
    assert_eq!(taken.ok()["id"], job["id"]);
}

fn event<'a>(job_id: Option<&'a str>, text: &'a str) -> WorkerEvent<'a> {
    WorkerEvent {
        name: "post_retried",
        level: "WARN",
        job_id,
        text,
    }
}

#[tokio::test]
async fn events_of_a_worker_reach_open_pages_and_those_that_open_later() {
    let site = Site::of(Endpoint::new()).await;
    let mut page = site.request(Method::GET, "/local/events").send().await;
    let page = page.as_mut().expect("the endpoint answers");
    page.chunk().await.expect("the connection stays open");
    let events = site.running.worker_events("worker-1");
    events.push(event(Some("job-1"), "it was not accepted"));
    let arrived = timeout(PATIENCE, async {
        let mut text = String::new();
        while !text.contains("event: workerEvent") {
            let some = page.chunk().await.expect("the connection stays open");
            text.push_str(&String::from_utf8_lossy(&some.expect("an event arrives")));
        }
        text
    });
    let arrived = arrived.await.expect("open pages receive the event");
    let (_, data) = arrived
        .split_once("event: workerEvent\ndata: ")
        .expect("the event has data");
    let data: Value = serde_json::from_str(data.lines().next().expect("the data is a line"))
        .expect("the data is JSON");
    let state = site.get("/local/state").await.ok();
    assert_eq!(state["workerEvents"], json!([data]));
    assert!(data["time"].is_u64(), "{data}");
    let expected = json!({
        "number": 0, "worker": "worker-1", "event": "post_retried", "job": "job-1", "level": "WARN",
        "text": "it was not accepted", "time": data["time"],
    });
    assert_eq!(data, expected);
}

#[tokio::test]
async fn only_the_newest_events_of_workers_are_kept_and_long_texts_are_cut() {
    let site = Site::of(Endpoint::new()).await;
    let events = site.running.worker_events("worker-1");
    for number in 0..1_000 {
        events.push(event(None, &number.to_string()));
    }
    events.push(event(None, &"x".repeat(5_000)));
    let state = site.get("/local/state").await.ok();
    let kept = state["workerEvents"].as_array().expect("a list");
    assert_eq!(kept.len(), 200);
    assert_eq!(kept[0]["text"], "801");
    assert_eq!(kept[0]["number"], 801);
    let longest = kept[199]["text"].as_str().expect("a text");
    assert_eq!(longest.chars().count(), 1_001, "1,000 and an ellipsis");
}
