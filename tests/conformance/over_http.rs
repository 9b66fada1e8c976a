//! Workers that serve HTTP: the realtime endpoint of both workers, and the guide's Python client of a load-balancing
//! endpoint.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Child;
use tokio::time::timeout;

use crate::peer::{Peer, Programs, end_group, pid};

/// The time limit for everything in one test.
const DEADLINE: Duration = Duration::from_mins(2);

/// Requests whose answers are compared: method, path, type of the body, body.
const REQUESTS: [(&str, &str, &str, &str); 17] = [
    returning(r#"{"id": "a", "input": {"do": "return", "value": {"x": 1}}}"#),
    returning(r#"{"id": "a", "input": {"do": "return", "value": [1, null, "ü"]}}"#),
    returning(r#"{"id": "a", "input": {"do": "return", "value": {"error": "bad", "k": 1}}}"#),
    returning(r#"{"id": "a", "input": {"do": "return", "value": {"error": {"code": 7}}}}"#),
    returning(r#"{"id": "a", "input": {"do": "return", "value": {}}}"#),
    returning(r#"{"id": "a", "input": {"do": "nothing"}, "extra": 1}"#),
    returning(r#"{"id": "a", "input": {"do": "raise", "message": "kaput"}}"#),
    returning(r#"{"id": "a"}"#),
    returning(r#"{"input": 1}"#),
    returning("{}"),
    returning(r#"{"id": 7, "input": null}"#),
    returning("[1]"),
    returning(r#"{"id":"#),
    returning(""),
    (
        "POST",
        "/ep/realtime",
        "text/plain",
        r#"{"id": "a", "input": 1}"#,
    ),
    ("GET", "/ep/realtime", "application/json", ""),
    ("POST", "/other/realtime", "application/json", "{}"),
];

const fn returning(body: &'static str) -> (&'static str, &'static str, &'static str, &'static str) {
    ("POST", "/ep/realtime", "application/json", body)
}

/// A worker as a process, in a process group of its own.
struct Running {
    child: Child,
    url: String,
}

impl Running {
    async fn start(peer: Peer, worker: &str, name: &str, port_variable: &str) -> Self {
        let programs = Programs::find().unwrap_or_else(|why| panic!("{why}"));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
        let port = port.expect("a port is free").port();
        let room = programs.folder.join(format!("{name}-{}", peer.name()));
        let mut command = programs.command(peer, worker, &room).expect("a room");
        let child = command
            .env(port_variable, port.to_string())
            .env("RUNPOD_ENDPOINT_ID", "ep")
            .stdin(Stdio::null())
            .spawn()
            .expect("the worker starts");
        let url = format!("http://127.0.0.1:{port}");
        let running = Self { child, url };
        let client = reqwest::Client::new();
        while client.get(&running.url).send().await.is_err() {
            tokio::task::yield_now().await;
        }
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end_group(pid(&self.child));
    }
}

/// Sends all requests, and returns the status and the body of each answer.
async fn answers(url: &str) -> Vec<(u16, Value)> {
    let client = reqwest::Client::new();
    let mut answers = Vec::new();
    for (method, path, content_type, body) in REQUESTS {
        let method = method.parse().expect("a method");
        let request = client
            .request(method, format!("{url}{path}"))
            .header("content-type", content_type)
            .body(body);
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        answers.push((status, without_language(body)));
    }
    answers
}

/// Replaces what names the language or its parser.
fn without_language(mut body: Value) -> Value {
    let report: Option<Value> = body["error"]
        .as_str()
        .and_then(|report| serde_json::from_str(report).ok());
    if let Some(report) = report {
        let keys: Vec<_> = report
            .as_object()
            .into_iter()
            .flat_map(|it| it.keys())
            .collect();
        body["error"] = json!({ "keys": keys, "message": report["error_message"] });
    }
    if body["detail"][0]["type"] == "json_invalid" {
        body["detail"][0]["ctx"] = Value::Null;
        body["detail"][0]["loc"][1] = Value::Null;
    }
    body
}

#[tokio::test]
async fn both_workers_answer_realtime_requests_alike() {
    install_tls();
    let compared = async {
        let sdk = Running::start(Peer::Sdk, "async", "realtime", "RUNPOD_REALTIME_PORT").await;
        let ours = Running::start(Peer::Ours, "async", "realtime", "RUNPOD_REALTIME_PORT").await;
        (answers(&sdk.url).await, answers(&ours.url).await)
    };
    let (sdk, ours) = timeout(DEADLINE, compared).await.expect("both answer");
    for ((request, sdk), ours) in REQUESTS.iter().zip(sdk).zip(ours) {
        assert_eq!(ours, sdk, "{request:?}");
    }
}

#[tokio::test]
async fn the_client_of_the_guide_waits_for_the_worker_and_gets_its_answer() {
    install_tls();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/how-to/serve-http.md")).expect("the page exists");
    let (_, code) = page
        .split_once("```python\n")
        .expect("the page has a client");
    let (code, _) = code.split_once("```").expect("its code block ends");
    let worker = Running::start(Peer::Ours, "mock", "guide-client", "PORT").await;
    let code = code.replace("https://ENDPOINT_ID.api.runpod.ai", &worker.url);
    let code = code
        .replace("/greet", "/mock")
        .replace(r#"{"name": "Ada"}"#, r#"{"mock_return": "Hello, Ada!"}"#);
    let python = Programs::find().expect("the programs exist").python();
    let run = tokio::process::Command::new(python)
        .args(["-c", &code])
        .env("RUNPOD_API_KEY", "key")
        .output();
    let output = timeout(DEADLINE, run)
        .await
        .expect("it ends")
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.trim(), "Hello, Ada!", "{output:?}");
}

/// The tests use only http, but the client needs a TLS provider. Only the first test can install it.
fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
