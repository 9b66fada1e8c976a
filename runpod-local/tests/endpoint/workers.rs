//! The worker side of the API.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use runpod_local::Endpoint;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::site::{Site, reply, timed};

#[tokio::test]
async fn a_poll_is_answered_with_204_when_no_job_comes() {
    let site = timed(|timing| {
        timing.take_hold = Duration::from_millis(1);
        timing.stop_hold = Duration::from_millis(1);
    })
    .await;
    for path in [
        "/job-take/w1",
        "/job-take-batch/w1?batch_size=3",
        "/job-stop/w1",
    ] {
        let reply = site.get(path).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    }
}

#[tokio::test]
async fn polls_that_are_held_are_answered_by_jobs_one_each() {
    let site = Site::new().await;
    let polls = async { tokio::join!(site.take("w1"), site.take("w2"), site.take("w3")) };
    let jobs = async {
        // The endpoint knows all three workers, so all three polls are being held.
        site.until_known(&["w1", "w2", "w3"]).await;
        let mut jobs = Vec::new();
        for n in 0..3 {
            jobs.push(site.run(json!(n)).await);
        }
        jobs
    };
    let ((a, b, c), mut jobs) = tokio::join!(polls, jobs);
    let mut taken: Vec<_> = [a, b, c]
        .iter()
        .map(|task| task["id"].as_str().unwrap().to_owned())
        .collect();
    taken.sort();
    jobs.sort();
    assert_eq!(taken, jobs);
}

#[tokio::test]
async fn a_worker_that_hangs_up_takes_no_job_with_it() {
    let site = Site::new().await;
    for n in 0..20 {
        let worker = format!("gone-{n}");
        let mut poll = TcpStream::connect(site.running.address()).await.unwrap();
        let request = format!(
            "GET /job-take/{worker} HTTP/1.1\r\nhost: localhost\r\nauthorization: local\r\n\r\n"
        );
        poll.write_all(request.as_bytes()).await.unwrap();
        site.until_known(&[&worker]).await;
        drop(poll);
        let job = site.run(json!({})).await;
        assert_eq!(site.take("w2").await["id"], *job);
    }
}

#[tokio::test]
async fn a_batch_is_an_array_of_no_more_than_was_asked_for() {
    let site = Site::new().await;
    let mut jobs = Vec::new();
    for n in 0..3 {
        jobs.push(site.run(json!(n)).await);
    }
    let path = "/v2/local/job-take-batch/w1?gpu=local&batch_size=2&job_in_progress=1";
    let two = site.get(path).await.ok();
    assert_eq!(
        two,
        json!([{"id": jobs[0], "input": 0}, {"id": jobs[1], "input": 1}])
    );
    let one = site.get(path).await.ok();
    assert_eq!(one, json!([{"id": jobs[2], "input": 2}]));
    for wrong in ["0", "-1", "many", ""] {
        let path = format!("/job-take-batch/w1?batch_size={wrong}");
        let error = site.get(&path).await.error(400);
        assert!(error.contains("batch_size"), "{error}");
    }
}

#[tokio::test]
async fn a_stop_poll_that_is_held_is_answered_by_a_cancel() {
    let site = Site::new().await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    let cancel = async {
        site.until_known(&["w1"]).await;
        site.post(&format!("/cancel/{job}"), &json!({})).await.ok();
    };
    let (stops, ()) = tokio::join!(site.get("/job-stop/w1?gpu=local"), cancel);
    assert_eq!(stops.ok(), json!({"jobsToStop": [job]}));
}

#[tokio::test]
async fn what_a_worker_posts_has_to_be_json_whatever_it_calls_it() {
    let site = Site::new().await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    let done = format!("/job-done/w1/{job}?isStream=false");
    let stream = format!("/job-stream/w1/{job}?isStream=false");
    let form = "application/x-www-form-urlencoded";
    let post = |path: &str, body: &'static str| {
        let post = site.request(Method::POST, path).header(CONTENT_TYPE, form);
        reply(post.body(body))
    };
    for body in ["", "nonsense", "[1]", "{\"output\": NaN}", "{\"output\": 1"] {
        post(&done, body).await.error(400);
        post(&stream, body).await.error(400);
    }
    let error = post(&stream, "{}").await.error(400);
    assert!(error.contains("`output`"), "{error}");
    assert_eq!(site.status(&job).await["status"], "IN_PROGRESS");
    assert_eq!(
        post(&stream, "{\"output\": \"ä\"}").await.ok(),
        json!({"status": "accepted"})
    );
    assert_eq!(
        post(&done, "{\"output\": \"ö\"}").await.ok(),
        json!({"status": "accepted"})
    );
    assert_eq!(site.status(&job).await["output"], "ö");
}

#[tokio::test]
async fn a_result_for_a_job_of_another_worker_is_refused() {
    let site = Site::new().await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    let error = site.done("w2", &job, json!({"output": 1})).await.error(409);
    assert!(error.contains("w2") && error.contains(&job), "{error}");
    site.item("w2", &job, json!(1)).await.error(409);
    site.done("w1", &job, json!({"output": 1})).await.ok();
    let again = site.done("w1", &job, json!({"output": 2})).await.ok();
    assert_eq!(again, json!({"status": "ignored"}));
    assert_eq!(site.status(&job).await["output"], 1);
}

#[tokio::test]
async fn a_worker_that_falls_silent_loses_its_job_to_the_next() {
    let site = timed(|timing| timing.lost_after = Duration::from_millis(20)).await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    let ping = format!("/ping/w1?job_id={job}&runpod_version=1.2.3");
    assert_eq!(site.get(&ping).await.status, 200);
    // The endpoint holds this poll until the job is back in the queue.
    let task = site.take("w2").await;
    assert_eq!(task["id"], *job);
    site.done("w2", &job, json!({"output": 1})).await.ok();
    let status = site.status(&job).await;
    assert_eq!(status["workerId"], "w2");
    // On a slow machine, the second worker may be lost too. `queue/tests/losing.rs` checks the exact count.
    assert!(status["retries"].as_u64() >= Some(1), "{status}");
    let health = site.get("/health").await.ok();
    assert!(health["jobs"]["retried"].as_u64() >= Some(1), "{health}");
}

#[tokio::test]
async fn a_worker_that_never_pings_loses_its_job_too() {
    let site = timed(|timing| timing.lost_after = Duration::from_millis(10)).await;
    let job = site.run(json!({})).await;
    assert_eq!(site.take("w1").await["id"], *job);
    // The endpoint holds this poll until the job is back in the queue.
    assert_eq!(site.take("w2").await["id"], *job);
    let status = site.status(&job).await;
    assert!(status["retries"].as_u64() >= Some(1), "{status}");
}

#[tokio::test]
async fn low_priority_is_no_order_of_the_queue() {
    let site = Site::new().await;
    let mut jobs = Vec::new();
    for low in [true, false, true] {
        let body = json!({"input": 1, "policy": {"lowPriority": low}});
        jobs.push(site.post("/run", &body).await.ok()["id"].clone());
    }
    for job in jobs {
        assert_eq!(site.take("w1").await["id"], job);
    }
    let wrong = json!({"input": 1, "policy": {"lowPriority": "yes"}});
    let error = site.post("/run", &wrong).await.error(400);
    assert!(error.contains("policy.lowPriority"), "{error}");
}

#[tokio::test]
async fn a_sick_worker_is_counted_as_one() {
    let site = Site::new().await;
    let ping = "/ping/w1?status=unhealthy&check=disk&reason=2%25%20left";
    assert_eq!(site.get(ping).await.status, 200);
    assert_eq!(site.get("/health").await.ok()["workers"]["unhealthy"], 1);
}

#[tokio::test]
async fn a_worker_id_that_cannot_be_one_is_refused() {
    let site = Site::new().await;
    for id in ["%0A", &"w".repeat(129), "$ID", "$RUNPOD_POD_ID"] {
        let error = site.get(&format!("/job-take/{id}")).await.error(400);
        assert!(error.contains("worker id"), "{error}");
    }
    let workers = site.get("/health").await.ok()["workers"].clone();
    assert!(
        workers.as_object().unwrap().values().all(|n| *n == 0),
        "{workers}"
    );
}

#[tokio::test]
async fn the_printed_variables_lead_a_worker_through_a_job() {
    let site = Site::of(Endpoint::new().id("mine")).await;
    let variables = site.running.worker_environment(Some("w7"));
    let value = |name: &str| -> &str {
        let found = variables.iter().find(|(key, _)| *key == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    };
    assert_eq!(value("RUNPOD_POD_ID"), "w7");
    assert_eq!(value("RUNPOD_PING_INTERVAL"), "2000");
    assert_ne!(value("RUNPOD_AI_API_KEY"), "");
    assert_eq!(value("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS"), "true");
    assert_eq!(value("RUNPOD_SKIP_GPU_CHECK"), "true");
    let path = |name: &str, job: &str| {
        value(name)
            .replace("$RUNPOD_POD_ID", "w7")
            .replace("$ID", if job.is_empty() { "w7" } else { job })
            .replace(&site.running.url(), "")
    };
    let job = site.run(json!({})).await;
    let take = path("RUNPOD_WEBHOOK_GET_JOB", "") + "&job_in_progress=0";
    assert!(take.starts_with("/v2/mine/job-take/w7?"), "{take}");
    assert_eq!(site.get(&take).await.ok()["id"], *job);
    let ping = path("RUNPOD_WEBHOOK_PING", "") + "?runpod_version=1";
    assert_eq!(site.get(&ping).await.status, 200);
    let stream = path("RUNPOD_WEBHOOK_POST_STREAM", &job) + "&isStream=false";
    site.post(&stream, &json!({"output": 1})).await.ok();
    let done = path("RUNPOD_WEBHOOK_POST_OUTPUT", &job) + "&isStream=true";
    site.post(&done, &json!({"output": []})).await.ok();
    assert_eq!(site.status(&job).await["status"], "COMPLETED");
}

#[tokio::test]
async fn a_ping_interval_is_a_number_that_workers_can_read() {
    for (interval, expected) in [(Duration::MAX, "4294967295"), (Duration::ZERO, "1")] {
        let site = timed(|timing| timing.ping_interval = interval).await;
        let variables = site.running.worker_environment(None);
        let told = variables
            .iter()
            .find(|(name, _)| *name == "RUNPOD_PING_INTERVAL");
        assert_eq!(told.map(|(_, value)| value.as_str()), Some(expected));
    }
}

#[tokio::test]
async fn each_worker_gets_an_id_of_its_own() {
    let site = Site::new().await;
    let id = || {
        let variables = site.running.worker_environment(None);
        let (_, id) = variables
            .into_iter()
            .find(|(key, _)| *key == "RUNPOD_POD_ID")
            .unwrap();
        id
    };
    assert_ne!(id(), id());
}
