//! Tests that the answer to each invalid request names the error.

use reqwest::Method;
use reqwest::header::{ALLOW, CONTENT_TYPE};
use runpod_local::Endpoint;
use serde_json::json;

use crate::site::{Site, limited, reply};

#[tokio::test]
async fn a_body_that_is_no_job_is_told_what_it_lacks() {
    let site = Site::new().await;
    let cases = [
        (
            "",
            "the body is not JSON: EOF while parsing a value, at line 1, column 0",
        ),
        (
            "{\"input\": tru}",
            "the body is not JSON: expected ident, at line 1, column 14",
        ),
        (
            "{\"input\": 1} x",
            "the body is not JSON: trailing characters, at line 1, column 14",
        ),
        ("[1]", "the body is not a JSON object"),
        ("\"text\"", "the body is not a JSON object"),
        ("{}", "the body has no `input`"),
        ("{\"input\": null}", "`input` is null"),
        ("{\"input\": 1, \"input\": 2}", "duplicate field `input`"),
        (
            "{\"input\": 1, \"policy\": 7}",
            "policy: found 7; expected an object",
        ),
        (
            "{\"input\": 1, \"policy\": {\"executionTimeout\": 4999}}",
            "policy.executionTimeout: found 4999; expected a whole number of milliseconds from 5000 to 604800000",
        ),
        (
            "{\"input\": 1, \"policy\": {\"executionTimeout\": \"10 s\"}}",
            "policy.executionTimeout: found \"10 s\"",
        ),
        (
            "{\"input\": 1, \"policy\": {\"ttl\": 604800001}}",
            "policy.ttl: found 604800001; expected a whole number of milliseconds from 10000 to 604800000",
        ),
        (
            "{\"input\": 1, \"policy\": {\"ttl\": 20000.5}}",
            "policy.ttl: found 20000.5",
        ),
        (
            "{\"input\": 1, \"policy\": {\"lowPriority\": 1}}",
            "policy.lowPriority: found 1; expected true or false",
        ),
        (
            "{\"input\": 1, \"webhook\": \"ftp://h/\"}",
            "webhook: expected an address",
        ),
        (
            "{\"input\": 1, \"webhook\": 5}",
            "webhook: expected an address",
        ),
    ];
    for path in ["/run", "/v2/local/runsync"] {
        for (body, expected) in &cases {
            let reply = site
                .send(Method::POST, path, Some((*body).to_owned()))
                .await;
            let error = reply.error(400);
            assert!(error.contains(expected), "{body}: {error}");
        }
    }
    assert_eq!(site.get("/health").await.ok()["jobs"]["inQueue"], 0);
}

#[tokio::test]
async fn fields_that_are_null_are_as_if_they_were_left_out() {
    let site = Site::new().await;
    let body = json!({
        "input": false,
        "webhook": null,
        "policy": {"executionTimeout": null, "ttl": null, "lowPriority": null, "other": 1},
    });
    site.post("/run", &body).await.ok();
    site.post("/run", &json!({"input": 0, "policy": null}))
        .await
        .ok();
}

#[tokio::test]
async fn a_body_that_does_not_say_that_it_is_json_is_told_how_to() {
    let site = Site::new().await;
    let run = || site.request(Method::POST, "/run").body("{\"input\": 1}");
    for wrong in [
        run(),
        run().header(CONTENT_TYPE, "application/x-www-form-urlencoded"),
        run().header(CONTENT_TYPE, "text/plain; charset=application/json"),
    ] {
        let error = reply(wrong).await.error(415);
        assert!(
            error.contains("-H 'Content-Type: application/json'"),
            "{error}"
        );
    }
    for right in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/x+json",
    ] {
        reply(run().header(CONTENT_TYPE, right)).await.ok();
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_one() {
    let site = Site::new().await;
    for (method, path, allowed) in [
        (Method::GET, "/run", "POST"),
        (Method::DELETE, "/v2/local/runsync", "POST"),
        (Method::GET, "/cancel/x", "POST"),
        (Method::OPTIONS, "/purge-queue", "POST"),
        (Method::POST, "/health", "GET,HEAD"),
        (Method::PUT, "/job-done/w/j", "POST"),
    ] {
        let reply = site.send(method, path, None).await;
        let error = reply.error(405);
        assert!(error.contains(path), "{error}");
        assert_eq!(reply.headers[ALLOW], allowed);
    }
}

#[tokio::test]
async fn asking_for_the_head_of_a_poll_takes_nothing() {
    let site = Site::new().await;
    let job = site.run(json!({})).await;
    for path in [
        "/job-take/w1",
        "/job-take-batch/w1?batch_size=2",
        "/job-stop/w1",
    ] {
        let reply = site.send(Method::HEAD, path, None).await;
        assert_eq!(reply.status, 405);
        assert_eq!(reply.headers[ALLOW], "GET");
    }
    assert_eq!(site.take("w1").await["id"], *job);
}

#[tokio::test]
async fn paths_that_lead_nowhere_are_told_where_to_go() {
    let site = Site::of(Endpoint::new().id("mine-1")).await;
    let error = site.get("/nothing").await.error(404);
    assert!(
        error.contains("/nothing") && error.contains("/v2/mine-1"),
        "{error}"
    );
    let error = site
        .post("/v2/other/run", &json!({"input": 1}))
        .await
        .error(404);
    assert!(error.contains("mine-1"), "{error}");
    site.post("/v2/mine-1/run", &json!({"input": 1})).await.ok();
}

#[tokio::test]
async fn jobs_that_are_not_there_are_not_found() {
    let site = Site::new().await;
    let no_job = "67e55044-10b1-426f-9247-bb680e5fe0c8-l1";
    for id in [no_job, "x", "%C3%A4", &"y".repeat(5_000)] {
        for path in ["status", "status-sync", "stream"] {
            site.get(&format!("/{path}/{id}")).await.error(404);
        }
        for path in ["cancel", "retry", "job-done/w1", "job-stream/w1"] {
            let reply = site
                .post(&format!("/{path}/{id}"), &json!({"output": 1}))
                .await;
            assert!(reply.error(404).len() < 300);
        }
    }
    site.get("/status/%FF").await.error(400);
}

#[tokio::test]
async fn a_wait_that_is_no_time_is_told_the_range() {
    let site = Site::new().await;
    for wait in ["999", "300001", "-1", "1e3", "", "soon"] {
        for (method, path) in [(Method::POST, "/runsync"), (Method::GET, "/status-sync/x")] {
            let body = Some("{\"input\": 1}".to_owned());
            let reply = site
                .send(method, &format!("{path}?wait={wait}"), body)
                .await;
            let error = reply.error(400);
            assert!(error.contains("from 1000 to 300000"), "{error}");
        }
    }
}

#[tokio::test]
async fn bodies_that_are_too_large_are_told_the_limit() {
    let site = limited(|limits| {
        limits.run_body = 100;
        limits.runsync_body = 200;
        limits.result_body = 300;
    })
    .await;
    let input = |size| json!({"input": "x".repeat(size)});
    let error = site.post("/run", &input(100)).await.error(413);
    assert!(error.contains("100"), "{error}");
    site.post("/run", &input(80)).await.ok();
    let error = site.post("/runsync", &input(200)).await.error(413);
    assert!(error.contains("200"), "{error}");
    let task = site.take("w1").await;
    let id = task["id"].as_str().unwrap();
    let large = json!({"output": "x".repeat(300)});
    site.done("w1", id, large.clone()).await.error(413);
    site.item("w1", id, large).await.error(413);
    assert_eq!(site.status(id).await["status"], "IN_PROGRESS");
}

#[tokio::test]
async fn a_full_queue_says_so() {
    let site = limited(|limits| limits.queued_jobs = 1).await;
    site.run(json!({})).await;
    let error = site.post("/run", &json!({"input": 1})).await.error(429);
    assert!(error.contains("the queue is full"), "{error}");
}
