//! Starts that fail, and the report of how long a start took.

use super::*;

/// Returns the report in a failed result.
fn report(body: &Value) -> Value {
    let error = body["error"].as_str().expect("the result is a failure");
    serde_json::from_str(error).expect("the error is JSON")
}

#[tokio::test]
async fn the_client_of_one_job_gets_the_reason_of_a_start_that_failed() {
    for worker in ["async", "plain"] {
        for (does, kind, message) in [
            ("fail", "Error", "no model for the key"),
            ("panic", "panic", "`main` panicked: no model at all"),
            ("hang", "TimeoutError", "RUNPOD_INIT_TIMEOUT"),
        ] {
            let jobs = ["a", "b"].map(|id| json!({ "id": id, "input": 1 }));
            let mut endpoint = Endpoint::with_jobs(jobs).await;
            let mut command = process(worker, does);
            if does == "hang" {
                command.env("RUNPOD_INIT_TIMEOUT", "0.3");
            }
            let started = Started::on(&endpoint, command);
            let (code, output) = started.exit().await;
            assert_eq!(code, Some(1), "{worker}, {does}: {output}");
            assert_eq!(endpoint.jobs_left(), 1, "one job is taken: {output}");
            let (id, Post::Result(body)) = endpoint.next().await else {
                panic!("the first post is no result: {output}");
            };
            assert_eq!(id, "a");
            let report = report(&body);
            let keys: BTreeSet<_> = report.as_object().unwrap().keys().cloned().collect();
            let expected =
                "error_message error_traceback error_type event hook logs runpod_version worker_id";
            assert!(keys.iter().eq(expected.split(' ')), "{report}");
            assert_eq!(report["event"], "prestart_failed");
            assert_eq!(report["hook"], "main");
            assert_eq!(report["error_type"], kind);
            assert_eq!(report["worker_id"], "worker-of-the-tests");
            for text in [&report["error_message"], &report["logs"]] {
                let text = text.as_str().expect("a text");
                assert!(text.contains(message), "{report}");
            }
            let logs = report["logs"].as_str().unwrap();
            assert!(
                logs.contains("loading with the key ") && logs.ends_with('\n'),
                "{logs}"
            );
            assert!(
                !body.to_string().contains(KEY) && !logs.contains(KEY),
                "{body}"
            );
            let pings = endpoint.unhealthy_pings();
            assert_eq!(pings.len(), 1, "{pings:?}: {output}");
            assert!(pings[0].contains("check=main"), "{pings:?}");
            assert!(!pings[0].contains(KEY), "{pings:?}");
            assert!(
                output.contains("the shutdown hook runs"),
                "{worker}: {output}"
            );
            let text = "the worker's state could not be created";
            assert_eq!(output.matches(text).count(), 1, "{output}");
        }
    }
}

#[tokio::test]
async fn a_client_of_the_local_endpoint_sees_why_no_worker_starts() {
    let endpoint = LocalEndpoint::new().timing(Timing::default());
    let endpoint = endpoint.bind("127.0.0.1", 0).await.expect("a port is free");
    let mut command = process("async", "fail");
    command.envs(endpoint.worker_environment(Some("w")));
    let started = Started::spawn(command);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let run = client.post(format!("{}/runsync", endpoint.url()));
    let run = run.header("content-type", "application/json");
    let sent = run.body(json!({ "input": 1 }).to_string()).send();
    let answer = timeout(PATIENCE, sent).await.expect("it answers").unwrap();
    let job: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(job["status"], "FAILED", "{job}");
    assert_eq!(report(&job)["event"], "prestart_failed", "{job}");
    assert_eq!(started.exit().await.0, Some(1));
}

#[tokio::test]
async fn a_signal_ends_the_wait_for_a_job_that_would_carry_the_reason() {
    let endpoint = Endpoint::with_jobs([]).await;
    let mut started = Started::on(&endpoint, process("plain", "fail"));
    started.line_with("asking for one job").await;
    started.signal(Signal::TERM);
    let (code, output) = started.exit().await;
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("SIGTERM received"), "{output}");
}

#[tokio::test]
async fn a_worker_says_how_long_each_phase_of_its_start_took() {
    let endpoint = Endpoint::with_jobs([]).await;
    let mut started = Started::on(&endpoint, process("plain", "serve"));
    started.line_with("Ready after ").await;
    for phase in ["process ", "checks ", "main ", "first take "] {
        assert!(started.seen.contains(phase), "{}", started.seen);
    }
    started.signal(Signal::HUP);
    let (code, output) = started.exit().await;
    assert_eq!(code, Some(0), "{output}");
    assert!(
        output.contains("SIGHUP received: taking no more jobs"),
        "{output}"
    );
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn a_metrics_port_in_use_hides_no_failure_of_main_and_skips_no_shutdown_hook() {
    let used = std::net::TcpListener::bind("0.0.0.0:0").expect("a port is free");
    let port = used.local_addr().expect("it has an address").port();
    for (worker, does) in [("plain", "fail"), ("async", "fail"), ("async", "serve")] {
        let mut endpoint = Endpoint::with_jobs([json!({ "id": "a", "input": 1 })]).await;
        let mut command = process(worker, does);
        command.env("RUNPOD_METRICS_PORT", port.to_string());
        let (code, output) = Started::on(&endpoint, command).exit().await;
        assert_eq!(code, Some(1), "{output}");
        for part in ["cannot use port", "the shutdown hook runs"] {
            assert_eq!(output.matches(part).count(), 1, "{part}: {output}");
        }
        if does == "fail" {
            let (_, Post::Result(body)) = endpoint.next().await else {
                panic!("the first post is no result: {output}");
            };
            let message = report(&body)["error_message"].to_string();
            assert!(message.contains("no model for the key"), "{message}");
        }
    }
}
