//! Tests the delivery of results to a client's server.

use std::time::Duration;

use runpod_local::{Endpoint, Limits, Timing};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::site::{Site, timed};

/// A server that receives webhooks and answers each with a given status.
struct Hook {
    listener: TcpListener,
}

impl Hook {
    async fn new() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a port is free"),
        }
    }

    fn url(&self) -> String {
        format!(
            "http://{}/hook?secret=1",
            self.listener
                .local_addr()
                .expect("the listener has an address")
        )
    }

    /// Answers the next request with `status` and returns its body.
    async fn answer(&self, status: u16) -> Value {
        let (mut stream, _) = self.listener.accept().await.expect("a client connects");
        let mut read = Vec::new();
        let body = loop {
            let mut some = [0; 4_096];
            let size = stream
                .read(&mut some)
                .await
                .expect("the request can be read");
            assert!(size > 0, "the request was cut off");
            read.extend_from_slice(&some[..size]);
            let text = String::from_utf8_lossy(&read);
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            assert!(head.starts_with("POST /hook?secret=1 "), "{head}");
            if let Ok(body) = serde_json::from_str(body) {
                break body;
            }
        };
        let answer = format!(
            "HTTP/1.1 {status} x\r\ncontent-length: 0\r\nlocation: /other\r\nconnection: close\r\n\r\n"
        );
        stream
            .write_all(answer.as_bytes())
            .await
            .expect("the answer can be sent");
        body
    }
}

async fn run(site: &Site, hook: &Hook) -> String {
    let body = json!({"input": {"n": 1}, "webhook": hook.url()});
    let queued = site.post("/run", &body).await.ok();
    queued["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_webhook_gets_the_result_as_the_platform_sends_it() {
    let (site, hook) = (Site::new().await, Hook::new().await);
    let job = run(&site, &hook).await;
    let task = site.take("w1").await;
    assert_eq!(task["webhook"], hook.url());
    site.done("w1", &job, json!({"output": [1]})).await.ok();
    let mut body = hook.answer(200).await;
    for time in ["delayTime", "executionTime"] {
        assert!(body[time].take().is_u64());
    }
    let expected = json!({
        "id": job, "status": "COMPLETED", "delayTime": null, "executionTime": null, "output": [1], "workerId": "w1",
        "input": {"n": 1}, "webhook": hook.url()
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_webhook_gets_what_status_answers_however_the_job_ended() {
    let site = timed(|timing| timing.webhook_pause = Duration::from_millis(1)).await;
    let hook = Hook::new().await;
    let results = [
        json!({"output": {"a": 1}}),
        json!({"output": null}),
        json!({}),
        json!({"error": "no", "output": {"half": true}}),
        json!({"error": {"code": 7}, "stopPod": true}),
    ];
    for result in results {
        let job = run(&site, &hook).await;
        assert_eq!(site.take("w1").await["id"], *job);
        site.done("w1", &job, result).await.ok();
        let body = hook.answer(200).await;
        assert_eq!(without_request(body), site.status(&job).await);
    }
    // One cancelled job is running, the other is queued.
    for take in [true, false] {
        let job = run(&site, &hook).await;
        if take {
            assert_eq!(site.take("w1").await["id"], *job);
        }
        site.post(&format!("/cancel/{job}"), &json!({})).await.ok();
        let body = hook.answer(200).await;
        assert_eq!(without_request(body), site.status(&job).await);
    }
    let job = run(&site, &hook).await;
    site.take("w1").await;
    site.done("w1", &job, json!({"error": "no"})).await.ok();
    hook.answer(200).await;
    site.post(&format!("/retry/{job}"), &json!({})).await.ok();
    site.take("w2").await;
    site.done("w2", &job, json!({"output": 1})).await.ok();
    let body = hook.answer(200).await;
    assert_eq!(body["retries"], 1);
    assert_eq!(without_request(body), site.status(&job).await);
}

/// Removes the job's input and webhook address, which only a webhook receives.
fn without_request(mut body: Value) -> Value {
    let object = body.as_object_mut().expect("the value is an object");
    assert_eq!(object.remove("input"), Some(json!({"n": 1})));
    let webhook = object.remove("webhook");
    assert!(webhook.is_some_and(|url| url.as_str().is_some_and(|url| url.ends_with("secret=1"))));
    body
}

#[tokio::test]
async fn webhooks_are_called_whatever_the_settings_say() {
    for (in_flight, time) in [(0, Duration::MAX), (usize::MAX, Duration::from_mins(1))] {
        let mut limits = Limits::default();
        limits.webhooks_in_flight = in_flight;
        limits.webhook_bytes = if in_flight == 0 { 0 } else { u64::MAX };
        let mut timing = Timing::default();
        timing.webhook_timeout = time;
        timing.webhook_pause = time;
        timing.run_retention = Duration::MAX;
        let site = Site::of(Endpoint::new().limits(limits).timing(timing)).await;
        let hook = Hook::new().await;
        let job = run(&site, &hook).await;
        site.post(&format!("/cancel/{job}"), &json!({})).await.ok();
        assert_eq!(hook.answer(200).await["id"], *job);
    }
}

#[tokio::test]
async fn a_running_job_whose_time_to_live_ends_is_gone_and_its_webhook_called() {
    let site = timed(|timing| timing.ttl = Duration::from_secs(2)).await;
    let hook = Hook::new().await;
    // The worker already waits for the job, so its time to live cannot end in the queue.
    let submit = async {
        site.until_known(&["w1"]).await;
        run(&site, &hook).await
    };
    let (_, job) = tokio::join!(site.take("w1"), submit);
    let waiting = format!("/status-sync/{job}?wait=60000");
    let (waited, body, stops) = tokio::join!(
        site.get(&waiting),
        hook.answer(200),
        site.get("/job-stop/w1")
    );
    let waited = waited.ok();
    assert_eq!(waited["status"], "TIMED_OUT");
    assert_eq!(without_request(body), waited);
    assert_eq!(stops.ok()["jobsToStop"], json!([job]));
    site.get(&format!("/status/{job}")).await.error(404);
    site.done("w1", &job, json!({"output": 1})).await.error(404);
    assert_eq!(site.get("/health").await.ok()["jobs"]["failed"], 1);
}

#[tokio::test]
async fn a_webhook_is_called_for_failed_and_cancelled_jobs_too() {
    let (site, hook) = (Site::new().await, Hook::new().await);
    let job = run(&site, &hook).await;
    site.take("w1").await;
    site.done("w1", &job, json!({"error": "no"})).await.ok();
    let body = hook.answer(200).await;
    assert_eq!(
        (&body["status"], &body["error"]),
        (&json!("FAILED"), &json!("no"))
    );
    let job = run(&site, &hook).await;
    site.post(&format!("/cancel/{job}"), &json!({})).await.ok();
    assert_eq!(hook.answer(200).await["status"], "CANCELLED");
}

#[tokio::test]
async fn a_webhook_that_does_not_answer_200_is_called_three_times_and_no_redirect_is_followed() {
    let site = timed(|timing| timing.webhook_pause = Duration::from_millis(1)).await;
    let hook = Hook::new().await;
    let first = run(&site, &hook).await;
    let path = format!("/cancel/{first}");
    site.post(&path, &json!({})).await.ok();
    for status in [500, 302, 404] {
        assert_eq!(hook.answer(status).await["id"], *first);
    }
    let second = run(&site, &hook).await;
    site.post(&format!("/cancel/{second}"), &json!({}))
        .await
        .ok();
    for status in [201, 200] {
        assert_eq!(hook.answer(status).await["id"], *second);
    }
    let warnings = site.get(&format!("/local/jobs/{first}")).await.ok()["logs"].clone();
    let warnings: Vec<_> = warnings
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["text"].as_str().unwrap())
        .collect();
    assert_eq!(warnings.len(), 3);
    assert!(warnings[0].contains("answered 500") && warnings[2].contains("giving up"));
    assert!(
        warnings.iter().all(|line| !line.contains("secret")),
        "{warnings:?}"
    );
}
