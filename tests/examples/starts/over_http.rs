//! Starts in HTTP mode that fail or are stopped: the server answers until the process exits.

use std::net::TcpListener;

use super::*;
use crate::http_server::{Answer, answer};

/// A worker in HTTP mode whose shutdown hook waits for a byte on standard input.
struct Serving {
    started: Started,
    base: String,
    client: reqwest::Client,
}

impl Serving {
    /// Starts a worker that serves on the port in `variable`.
    async fn start(
        variable: &str,
        prepare: impl FnOnce(&mut Command),
        mut command: Command,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = free.local_addr().expect("it has an address").port();
        drop(free);
        command
            .env(variable, port.to_string())
            .env("RUNPOD_ENDPOINT_ID", "ep")
            .env("RUNPOD_AI_API_KEY", KEY)
            .env(HOOK_WAITS, "1")
            .stdin(Stdio::piped());
        prepare(&mut command);
        let mut started = Started::spawn(command);
        started.line_with("Health checks are answered at").await;
        let base = format!("http://127.0.0.1:{port}");
        Self {
            started,
            base,
            client: reqwest::Client::new(),
        }
    }

    async fn ping(&self) -> Answer {
        answer(self.client.get(format!("{}/ping", self.base))).await
    }

    fn request(&self, path: &str, body: &Value) -> tokio::task::JoinHandle<Answer> {
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.header("content-type", "application/json");
        tokio::spawn(answer(request.body(body.to_string())))
    }

    /// Lets the shutdown hook end.
    async fn exit(mut self) -> (Option<i32>, String) {
        let mut stdin = self.started.child.stdin.take().expect("stdin is piped");
        stdin.write_all(b"\n").await.expect("the worker runs");
        self.started.exit().await
    }
}

#[tokio::test]
async fn after_a_failed_start_everything_is_answered_with_503_until_the_process_exits() {
    for worker in ["async", "plain"] {
        for (does, reason) in [
            ("fail", "no model for the key"),
            ("panic", "`main` panicked: no model at all"),
            ("hang", "RUNPOD_INIT_TIMEOUT"),
        ] {
            let mut serving = Serving::start(
                "PORT",
                |command| {
                    if does == "hang" {
                        command.env("RUNPOD_INIT_TIMEOUT", "0.3");
                    }
                },
                process(worker, does),
            )
            .await;
            // It waits for `main`, or comes after its end.
            let waiting = serving.request("/greet", &json!(1));
            serving.started.line_with("the shutdown hook runs").await;
            let ping = serving.ping().await;
            assert_eq!(
                (ping.status, &ping.json()["status"]),
                (503, &json!("unhealthy"))
            );
            let late = serving.request("/greet", &json!(1));
            for refused in [waiting.await.unwrap(), late.await.unwrap()] {
                assert_eq!(refused.status, 503, "{worker}, {does}: {refused:?}");
                let body = refused.json();
                assert_eq!(body["error_type"], "StartFailed", "{worker}, {does}");
                let message = body["error_message"].as_str().unwrap();
                assert!(message.contains(reason), "{message}");
                assert!(!message.contains(KEY), "{message}");
            }
            let (code, output) = serving.exit().await;
            assert_eq!(code, Some(1), "{worker}, {does}: {output}");
        }
    }
}

#[tokio::test]
async fn a_worker_that_is_stopped_while_it_loads_refuses_the_requests_that_wait() {
    for worker in ["async", "plain"] {
        let mut serving = Serving::start("PORT", |_| (), process(worker, "hang")).await;
        serving.started.line_with("main is loading").await;
        assert_eq!(serving.ping().await.status, 204);
        let waiting = serving.request("/greet", &json!(1));
        serving.started.signal(Signal::TERM);
        serving.started.line_with("the shutdown hook runs").await;
        let ping = serving.ping().await;
        assert_eq!(
            (ping.status, &ping.json()["status"]),
            (503, &json!("draining"))
        );
        let refused = waiting.await.unwrap();
        assert_eq!(refused.status, 503, "{refused:?}");
        assert_eq!(refused.json()["error_type"], "Shutdown");
        let (code, output) = serving.exit().await;
        assert_eq!(code, Some(0), "{worker}: {output}");
    }
}

#[tokio::test]
async fn a_realtime_worker_whose_main_fails_reports_itself_unhealthy() {
    let endpoint = Endpoint::with_jobs([json!({ "id": "a", "input": 1 })]).await;
    let mut serving = Serving::start(
        "RUNPOD_REALTIME_PORT",
        |command| {
            command.envs(endpoint.environment());
        },
        process("async", "fail"),
    )
    .await;
    serving.started.line_with("the shutdown hook runs").await;
    let pings = endpoint.unhealthy_pings();
    assert_eq!(pings.len(), 1, "{pings:?}");
    assert!(pings[0].contains("check=main"), "{pings:?}");
    assert!(!pings[0].contains(KEY), "{pings:?}");
    let job = json!({ "id": "b", "input": 1 });
    let refused = serving.request("/ep/realtime", &job).await.unwrap();
    assert_eq!(refused.status, 503, "{refused:?}");
    let (code, output) = serving.exit().await;
    assert_eq!(code, Some(1), "{output}");
    assert_eq!(
        endpoint.jobs_left(),
        1,
        "a realtime worker takes no job from the queue"
    );
}
