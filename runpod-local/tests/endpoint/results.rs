//! The path of a job from the client to the worker and back.

use std::time::Duration;

use reqwest::Method;
use runpod_local::{Endpoint, Timing};
use serde_json::json;

use crate::site::{Site, timed};

#[tokio::test]
async fn a_job_goes_to_a_worker_and_its_result_to_the_client_on_both_bases() {
    for base in ["", "/v2/local"] {
        let site = Site::new().await;
        let queued = site
            .post(&format!("{base}/run"), &json!({"input": {"n": 1}}))
            .await
            .ok();
        let id = queued["id"].as_str().unwrap().to_owned();
        assert_eq!(queued, json!({"id": id, "status": "IN_QUEUE"}));
        assert!(id.ends_with("-l1") && id.len() == 39, "{id}");

        let status = site.get(&format!("{base}/status/{id}")).await.ok();
        assert_eq!(status, json!({"id": id, "status": "IN_QUEUE"}));

        let take = format!("{base}/job-take/w1?gpu=local&job_in_progress=0");
        let task = site.get(&take).await.ok();
        assert_eq!(task, json!({"id": id, "input": {"n": 1}}));

        let running = site.get(&format!("{base}/status/{id}")).await.ok();
        assert_eq!(running["status"], "IN_PROGRESS");
        assert_eq!(running["workerId"], "w1");
        assert!(running["delayTime"].is_u64());
        assert!(running.get("executionTime").is_none());

        let done = format!("{base}/job-done/w1/{id}?gpu=local&isStream=false");
        site.post(&done, &json!({"output": [1, "ä"]})).await.ok();
        for method in [Method::GET, Method::POST] {
            let path = format!("{base}/status/{id}");
            let status = site.send(method, &path, None).await.ok();
            assert_eq!(status["status"], "COMPLETED");
            assert_eq!(status["output"], json!([1, "ä"]));
            assert!(status["executionTime"].is_u64());
            assert!(status.get("error").is_none());
            assert!(status.get("retries").is_none());
        }
    }
}

#[tokio::test]
async fn runsync_answers_with_the_result() {
    let site = Site::new().await;
    let worker = async {
        let task = site.take("w1").await;
        let id = task["id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("sync-") && id.ends_with("-l1"), "{id}");
        site.done("w1", &id, json!({"output": 42})).await.ok();
    };
    let input = json!({"input": "x"});
    let (answer, ()) = tokio::join!(site.post("/runsync?wait=30000", &input), worker);
    let answer = answer.ok();
    assert_eq!(answer["status"], "COMPLETED");
    assert_eq!(answer["output"], 42);
}

#[tokio::test]
async fn runsync_answers_with_the_present_state_at_the_end_of_its_wait() {
    let site = timed(|timing| timing.sync_wait = Duration::from_millis(1)).await;
    let answer = site.post("/runsync", &json!({"input": 1})).await.ok();
    assert_eq!(answer["status"], "IN_QUEUE");
    let id = answer["id"].as_str().unwrap();
    site.take("w1").await;
    let path = format!("/status-sync/{id}");
    for method in [Method::GET, Method::POST] {
        let answer = site.send(method, &path, None).await.ok();
        assert_eq!(answer["status"], "IN_PROGRESS");
    }
}

#[tokio::test]
async fn status_sync_answers_as_soon_as_the_job_ends() {
    let site = Site::new().await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    let path = format!("/status-sync/{job}?wait=60000");
    let (answer, _) = tokio::join!(
        site.get(&path),
        site.done("w1", &job, json!({"error": "no"}))
    );
    let answer = answer.ok();
    assert_eq!(answer["status"], "FAILED");
    assert_eq!(answer["error"], "no");
}

#[tokio::test]
async fn the_input_reaches_the_worker_as_the_very_text_that_was_sent() {
    let site = Site::new().await;
    let input = r#"{"z": 1,  "a": [1.50, 12345678901234567890123, "\u00e4"], "z": 2}"#;
    let body = format!(
        "{{\"batchId\": \"b1\", \"policy\": {{\"ttl\": 20000}}, \"id\": \"mine\", \"input\": {input}, \"webhook\": null, \
         \"s3Config\": {{\"k\":1}}}}"
    );
    let queued = site.send(Method::POST, "/run", Some(body)).await.ok();
    let task = site.get("/job-take/w1").await;
    assert_eq!(
        task.text,
        format!(
            "{{\"id\":{},\"input\":{input},\"batchId\":\"b1\",\"webhook\":null,\"s3Config\":{{\"k\":1}}}}",
            queued["id"]
        )
    );
}

#[tokio::test]
async fn an_error_of_a_worker_is_kept_as_it_was_given() {
    let site = Site::new().await;
    let result = json!({"error": {"code": 7, "why": ["a", "b"]}, "output": {"half": true}});
    let job = site.served("w1", result).await;
    let status = site.status(&job).await;
    assert_eq!(status["status"], "FAILED");
    assert_eq!(status["error"], json!({"code": 7, "why": ["a", "b"]}));
    assert_eq!(status["output"], json!({"half": true}));
}

#[tokio::test]
async fn null_and_no_output_are_told_apart() {
    let site = Site::new().await;
    let null = site.served("w1", json!({"output": null})).await;
    let none = site.served("w1", json!({})).await;
    let null = site.status(&null).await;
    assert_eq!(null.get("output"), Some(&json!(null)));
    let none = site.status(&none).await;
    assert_eq!(
        (&none["status"], none.get("output")),
        (&json!("COMPLETED"), None)
    );
}

#[tokio::test]
async fn progress_is_the_output_of_a_job_that_runs() {
    let site = Site::new().await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    let progress = json!({"status": "IN_PROGRESS", "output": {"percent": 50}});
    site.done("w1", &job, progress).await.ok();
    let status = site.status(&job).await;
    assert_eq!(status["status"], "IN_PROGRESS");
    assert_eq!(status["output"], json!({"percent": 50}));
}

#[tokio::test]
async fn a_cancelled_job_is_cancelled_for_client_and_worker() {
    let site = Site::new().await;
    let (queued, running) = (site.run(json!(1)).await, site.run(json!(2)).await);
    // No worker has taken this job. The request's body is empty, because some clients send it without one.
    let path = format!("/cancel/{queued}");
    let cancelled = site.send(Method::POST, &path, None).await.ok();
    assert_eq!(cancelled["status"], "CANCELLED");
    assert_eq!(cancelled["id"], *queued);

    assert_eq!(site.take("w1").await["id"], *running);
    let cancelled = site
        .post(&format!("/cancel/{running}"), &json!({}))
        .await
        .ok();
    assert_eq!(cancelled["status"], "CANCELLED");
    assert!(cancelled["executionTime"].is_u64() && cancelled["delayTime"].is_u64());
    let stops = site.get("/job-stop/w1?gpu=local").await.ok();
    assert_eq!(stops, json!({"jobsToStop": [running]}));
    let late = site.done("w1", &running, json!({"output": 1})).await.ok();
    assert_eq!(late, json!({"status": "ignored"}));

    let completed = site.served("w1", json!({"output": 1})).await;
    let too_late = site
        .post(&format!("/cancel/{completed}"), &json!({}))
        .await
        .ok();
    assert_eq!(too_late["status"], "COMPLETED");
}

#[tokio::test]
async fn a_failed_job_can_be_retried_and_no_other() {
    let site = Site::new().await;
    let job = site.served("w1", json!({"error": "no"})).await;
    let path = format!("/retry/{job}");
    let retried = site.post(&path, &json!({})).await.ok();
    assert_eq!(retried, json!({"id": job, "status": "IN_QUEUE"}));
    let refused = site.post(&path, &json!({})).await.error(409);
    assert!(refused.contains("IN_QUEUE"), "{refused}");
    assert_eq!(site.take("w1").await["id"], *job);
    site.done("w1", &job, json!({"output": 2})).await.ok();
    let status = site.status(&job).await;
    assert_eq!(
        (&status["status"], &status["retries"]),
        (&json!("COMPLETED"), &json!(1))
    );
    assert!(status.get("error").is_none());
}

#[tokio::test]
async fn purging_empties_the_queue_and_health_counts_it_all() {
    let site = Site::new().await;
    site.served("w1", json!({"output": 1})).await;
    site.served("w1", json!({"error": 1})).await;
    site.run(json!({})).await;
    site.take("w1").await;
    for _ in 0..3 {
        site.run(json!({})).await;
    }
    let health = site.get("/health").await.ok();
    assert_eq!(
        health["jobs"],
        json!({"completed": 1, "failed": 1, "inProgress": 1, "inQueue": 3, "retried": 0})
    );
    let workers = json!({
        "idle": 0, "initializing": 0, "ready": 1, "running": 1, "throttled": 0, "unhealthy": 0
    });
    assert_eq!(health["workers"], workers);
    assert_eq!(health["local"], json!({"state": "ready"}));
    let purged = site.send(Method::POST, "/purge-queue", None).await.ok();
    assert_eq!(purged, json!({"removed": 3, "status": "completed"}));
    assert_eq!(site.get("/health").await.ok()["jobs"]["inQueue"], 0);
}

#[tokio::test]
async fn time_limits_and_retention_hold_without_anybody_asking() {
    let site = timed(|timing| {
        timing.execution_timeout = Duration::from_millis(1);
        timing.run_retention = Duration::from_millis(1);
    })
    .await;
    let job = site.run(json!({})).await;
    site.take("w1").await;
    // The stop shows that the limit took effect, even if nobody waits for the job.
    let stops = site.get("/job-stop/w1").await.ok();
    assert_eq!(stops["jobsToStop"], json!([job]));
    loop {
        let reply = site.get(&format!("/status/{job}")).await;
        if reply.status == 404 {
            break;
        }
        assert_eq!(reply.ok()["status"], "TIMED_OUT");
    }
    assert_eq!(site.get("/health").await.ok()["jobs"]["failed"], 1);
}

#[tokio::test]
async fn log_lines_may_be_pushed_for_any_job_without_harm() {
    let site = Site::of(Endpoint::new().timing(Timing::default())).await;
    let job = site.run(json!({})).await;
    let logs = site.running.job_logs();
    logs.push(&job, "info", "a line");
    logs.push("no job", "INFO", "a line");
    assert_eq!(site.status(&job).await["status"], "IN_QUEUE");
}
