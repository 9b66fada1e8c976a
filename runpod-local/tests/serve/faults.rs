use std::io::ErrorKind;

use runpod_local::{Endpoint, Faults, Running};

use crate::wire::{Answer, ask, get, queued, run, served, try_ask};

const JOB: &str = "{\"input\": 1}";

async fn with_faults(json: &str) -> Running {
    served(Endpoint::new().faults(json.parse::<Faults>().unwrap())).await
}

async fn set(endpoint: &Running, json: &str) -> Answer {
    ask(endpoint, "PUT", "/local/faults", &[], json).await
}

/// Submits a job and returns what happened: the status, `malformed`, or the kind of the connection error.
async fn met(endpoint: &Running) -> String {
    match try_ask(endpoint, "POST", "/run", &[], JOB).await {
        Ok(answer) if answer.status == 200 && !answer.body.ends_with('}') => "malformed".to_owned(),
        Ok(answer) => answer.status.to_string(),
        Err(error) => format!("{:?}", error.kind()),
    }
}

#[tokio::test]
async fn a_seed_gives_the_same_faults_every_time() {
    let faults = r#"{"seed": 7, "rules": [{"route": "run", "error": 0.2, "status": 503, "reset_before": 0.1,
        "reset_after": 0.1, "malformed": 0.1}]}"#;
    let mut first = Vec::new();
    let mut second = Vec::new();
    let one = with_faults(faults).await;
    for _ in 0..100 {
        first.push(met(&one).await);
    }
    let other = with_faults(faults).await;
    for _ in 0..100 {
        second.push(met(&other).await);
        // Requests to other routes do not change the sequence.
        get(&other, "/health").await;
    }
    assert_eq!(first, second);
    for kind in ["200", "503", "ConnectionReset", "malformed"] {
        assert!(first.iter().any(|it| it == kind), "no {kind} in {first:?}");
    }
    assert_eq!(queued(&one).await, queued(&other).await);

    assert_eq!(set(&other, &faults.replace('7', "8")).await.status, 200);
    let mut third = Vec::new();
    for _ in 0..100 {
        third.push(met(&other).await);
    }
    assert_ne!(first, third);
}

#[tokio::test]
async fn a_reset_is_one_and_its_request_was_acted_on_or_not() {
    for (when, waiting) in [("before", 0), ("after", 1)] {
        let rules = format!(r#"{{"rules": [{{"route": "run", "reset_{when}": 1}}]}}"#);
        let endpoint = with_faults(&rules).await;
        let reset = try_ask(&endpoint, "POST", "/run", &[], JOB)
            .await
            .unwrap_err();
        assert_eq!(reset.kind(), ErrorKind::ConnectionReset, "{when}");
        assert_eq!(queued(&endpoint).await, waiting, "{when}");
    }
}

#[tokio::test]
async fn an_error_keeps_the_request_from_being_acted_on() {
    let endpoint = with_faults(r#"{"rules": [{"route": "run", "error": 1, "status": 502}]}"#).await;
    let answer = run(&endpoint).await;
    assert_eq!(answer.status, 502);
    assert!(answer.error().contains("/local/faults"), "{answer:?}");
    assert_eq!(queued(&endpoint).await, 0);
}

#[tokio::test]
async fn a_worker_meets_flashboot_and_nobody_else_does() {
    let endpoint = with_faults(r#"{"rules": [{"route": "*", "flashboot": 1}]}"#).await;
    assert_eq!(run(&endpoint).await.status, 200);
    for path in [
        "/job-take/worker?gpu=local",
        "/v2/local/job-take-batch/worker?batch_size=2",
    ] {
        assert_eq!(get(&endpoint, path).await.status, 400, "{path}");
    }
    assert_eq!(queued(&endpoint).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_delay_holds_the_answer_up() {
    let endpoint = with_faults(r#"{"rules": [{"route": "run", "delay_ms": [2000, 3000]}]}"#).await;
    let start = tokio::time::Instant::now();
    assert_eq!(run(&endpoint).await.status, 200);
    // The paused clock advances only while every task waits.
    assert!(start.elapsed().as_millis() >= 2_000);
}

#[tokio::test]
async fn in_an_outage_nothing_answers_but_the_page() {
    let endpoint = with_faults(r#"{"outages": [{"for_s": 1000}]}"#).await;
    let gone = try_ask(&endpoint, "GET", "/health", &[], "")
        .await
        .unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::ConnectionReset);
    for path in ["/", "/local/faults", "/openapi.json"] {
        assert_eq!(get(&endpoint, path).await.status, 200, "{path}");
    }
    let cleared = ask(&endpoint, "DELETE", "/local/faults", &[], "").await;
    assert_eq!(cleared.json()["outages"], serde_json::json!([]));
    assert_eq!(get(&endpoint, "/health").await.status, 200);
}

#[tokio::test]
async fn faults_are_set_and_shown_over_http() {
    let endpoint = served(Endpoint::new()).await;
    assert_eq!(run(&endpoint).await.status, 200);
    let faults = r#"{"seed": 7, "rules": [{"route": "run", "error": 1}]}"#;
    assert_eq!(set(&endpoint, faults).await.status, 200);
    assert_eq!(run(&endpoint).await.status, 500);
    let shown = get(&endpoint, "/local/faults").await;
    assert_eq!(shown.json()["rules"][0]["route"], "run");
    assert_eq!(set(&endpoint, &shown.body).await, shown);

    let wrong = set(&endpoint, r#"{"rules": [{"route": "ran", "error": 2}]}"#).await;
    assert_eq!(wrong.status, 400);
    let text = wrong.error();
    assert!(
        text.contains("rules[0].route") && text.contains("rules[0].error"),
        "{text}"
    );
    assert_eq!(get(&endpoint, "/local/faults").await.body, shown.body);
    let form = [("Content-Type", "text/plain")];
    let answer = ask(&endpoint, "PUT", "/local/faults", &form, faults).await;
    assert_eq!(answer.status, 415);
}
