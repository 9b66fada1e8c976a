//! Tests `--rp_serve_api`: an example serves a local endpoint, and the tests use its public API.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::process::{PATIENCE, example};

/// A running example that serves a local endpoint.
pub(crate) struct Served {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    seen: Vec<String>,
    url: String,
    client: reqwest::Client,
}

impl Served {
    async fn start(name: &str) -> Self {
        Self::start_with(name, |_| ()).await
    }

    pub(crate) async fn start_with(name: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = example(name);
        command
            .args(["--rp_serve_api", "--rp_api_port", "0"])
            .stderr(Stdio::inherit());
        prepare(&mut command);
        let mut child = command.spawn().expect("the example starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        // The tests use only http, but the client needs a TLS provider. Only the first test can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut served = Self {
            child,
            lines: BufReader::new(stdout).lines(),
            seen: Vec::new(),
            url: String::new(),
            client: reqwest::Client::new(),
        };
        let line = served.line_with("The local endpoint is at ").await;
        let (_, rest) = line.split_once(" is at ").expect("the line has the URL");
        let (url, _) = rest.split_once(": ").expect("a colon follows the URL");
        url.clone_into(&mut served.url);
        served
    }

    /// Reads lines until one contains `part`.
    async fn line_with(&mut self, part: &str) -> String {
        if let Some(line) = self.seen.iter().find(|line| line.contains(part)) {
            return line.clone();
        }
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await;
            let Ok(Ok(Some(line))) = line else {
                panic!(
                    "no line contains {part:?}. So far:\n{}",
                    self.seen.join("\n")
                );
            };
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.url));
        Self::answer(request.body(body.to_string())).await
    }

    async fn get(&self, path: &str) -> Value {
        Self::answer(self.client.get(format!("{}{path}", self.url))).await
    }

    async fn answer(request: reqwest::RequestBuilder) -> Value {
        let request = request.header("content-type", "application/json");
        let text = timeout(PATIENCE, async { request.send().await?.text().await })
            .await
            .expect("the endpoint answers in time")
            .expect("the request succeeds");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// Submits a job and returns its id.
    async fn run(&self, input: Value) -> String {
        let job = self.post("/run", json!({ "input": input })).await;
        job["id"].as_str().expect("a job has an id").to_owned()
    }

    /// Waits until the job has finished, and returns it.
    async fn ended(&self, id: &str) -> Value {
        self.get(&format!("/status-sync/{id}?wait=60000")).await
    }

    /// Sends SIGINT, as Ctrl-C does, and returns the exit code and the whole output.
    pub(crate) async fn interrupt(self) -> (Option<i32>, String) {
        self.press_ctrl_c();
        self.ends().await
    }

    fn press_ctrl_c(&self) {
        let id = self.child.id().expect("the process runs").cast_signed();
        let process = Pid::from_raw(id).expect("a process has an id");
        kill_process(process, Signal::INT).expect("the process runs");
    }

    /// Reads the page's events until there is one of this kind from the worker, and returns its data.
    async fn worker_event(&self, page: &mut reqwest::Response, kind: &str) -> Value {
        let reading = async {
            let mut text = String::new();
            loop {
                let found = text
                    .split("event: workerEvent\ndata: ")
                    .skip(1)
                    .find_map(|it| {
                        let data: Value = serde_json::from_str(it.split_once("\n\n")?.0).ok()?;
                        (data["event"] == kind).then_some(data)
                    });
                if let Some(found) = found {
                    return found;
                }
                let some = page.chunk().await.expect("the connection stays open");
                text.push_str(&String::from_utf8_lossy(&some.expect("an event arrives")));
            }
        };
        timeout(PATIENCE, reading)
            .await
            .unwrap_or_else(|_| panic!("no event {kind} arrived"))
    }

    async fn ends(mut self) -> (Option<i32>, String) {
        while let Ok(Ok(Some(line))) = timeout(PATIENCE, self.lines.next_line()).await {
            self.seen.push(line);
        }
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status
            .expect("the process exits")
            .expect("the process can be waited for");
        (status.code(), self.seen.join("\n"))
    }
}

#[tokio::test]
async fn a_job_runs_at_once_and_its_stream_can_be_read() {
    let served = Served::start("stream").await;
    let id = served
        .run(json!({ "text": "to be or not", "pause_ms": 0 }))
        .await;
    let mut items = Vec::new();
    loop {
        let answer = served.get(&format!("/stream/{id}")).await;
        let some = answer["stream"].as_array().expect("`stream` is a list");
        items.extend(some.iter().map(|item| item["output"]["text"].clone()));
        if answer["status"] == "COMPLETED" {
            break;
        }
    }
    assert_eq!(json!(items), json!(["TO", "BE", "OR", "NOT"]));
    let health = served.get("/v2/local/health").await;
    assert_eq!(health["jobs"]["completed"], 1, "{health}");
    let (code, text) = served.interrupt().await;
    assert_eq!(code, Some(0), "{text}");
}

#[tokio::test]
async fn a_failed_job_says_why_and_its_log_is_on_its_page() {
    let served = Served::start("hello").await;
    let job = served
        .post("/runsync", json!({ "input": { "name": 7 } }))
        .await;
    assert_eq!(job["status"], "FAILED", "{job}");
    assert!(job["error"].to_string().contains("input.name"), "{job}");
    let id = job["id"].as_str().expect("a job has an id");
    let page = served.get(&format!("/local/jobs/{id}")).await;
    let logs = page["logs"].to_string();
    assert!(
        logs.contains("Started.") && logs.contains("input.name"),
        "{page}"
    );
    served.interrupt().await;
}

#[tokio::test]
async fn the_workers_concurrency_acts() {
    let served = Served::start("concurrent").await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(served.run(json!({ "people": 4 })).await);
    }
    for id in ids {
        assert_eq!(served.ended(&id).await["output"], "we are 4");
    }
    served.interrupt().await;
}

#[tokio::test]
async fn the_flag_for_concurrency_wins() {
    let served = Served::start_with("concurrent", |command| {
        command.args(["--rp_api_concurrency", "5"]);
    })
    .await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(served.run(json!({ "people": 5 })).await);
    }
    for id in ids {
        assert_eq!(served.ended(&id).await["output"], "we are 5");
    }
    served.interrupt().await;
}

#[tokio::test]
async fn a_cancelled_job_is_stopped_and_the_worker_goes_on() {
    let served = Served::start("concurrent").await;
    let waiting = served.run(json!({ "people": 100 })).await;
    let log = format!("{waiting} taken");
    let mut served = served;
    served.line_with(&log).await;
    let cancelled = served.post(&format!("/cancel/{waiting}"), json!({})).await;
    assert_eq!(cancelled["status"], "CANCELLED");
    served.line_with("Job stopped.").await;
    let next = served.run(json!({ "people": 1 })).await;
    assert_eq!(served.ended(&next).await["status"], "COMPLETED");
    served.interrupt().await;
}

#[tokio::test]
async fn ctrl_c_lets_the_running_job_finish() {
    let mut served = Served::start("concurrent").await;
    let first = served.run(json!({ "people": 2 })).await;
    served.line_with(&format!("{first} taken")).await;
    let second = served.run(json!({ "people": 2 })).await;
    assert_eq!(served.ended(&second).await["status"], "COMPLETED");
    let (code, text) = served.interrupt().await;
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(text.matches("Finished.").count(), 2, "{text}");
    // With `cargo run`, the age of the process includes the build.
    assert!(!text.contains("Ready after"), "{text}");
}

#[tokio::test]
async fn a_refreshed_worker_is_followed_by_a_fresh_one() {
    let served = Served::start("refresh").await;
    let mut workers = Vec::new();
    for text in ["to be", "or not"] {
        let input = json!({ "input": { "text": text } });
        let job = served.post("/runsync", input).await;
        assert_eq!(job["output"], text.to_uppercase(), "{job}");
        workers.push(job["workerId"].clone());
    }
    assert_ne!(workers[0], workers[1]);
    let (code, text) = served.interrupt().await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("A fresh worker takes over"), "{text}");
}

#[tokio::test]
async fn the_events_of_the_worker_are_on_the_page_as_in_the_log() {
    let mut served = Served::start("concurrent").await;
    // The event of the first job: the start is over by then.
    let failed = served
        .post("/runsync", json!({ "input": { "people": "none" } }))
        .await;
    let state = served.get("/local/state").await;
    let events = state["workerEvents"].as_array().expect("a list");
    let kinds: Vec<_> = events.iter().map(|it| it["event"].clone()).collect();
    assert_eq!(
        kinds,
        ["start_phase", "start_phase", "job_failed"],
        "{state}"
    );
    assert!(events[1]["text"].to_string().contains("`main`"), "{state}");
    assert_eq!(events[2]["job"], failed["id"]);
    assert_eq!(events[2]["level"], "ERROR");
    let mut texts = vec![events[2]["text"].clone()];

    let page = served.client.get(format!("{}/local/events", served.url));
    let mut page = page.send().await.expect("the endpoint answers");
    let waiting = served.run(json!({ "people": 100 })).await;
    served.line_with(&format!("{waiting} taken")).await;
    served.post(&format!("/cancel/{waiting}"), json!({})).await;
    let stopped = served.worker_event(&mut page, "job_stopped").await;
    assert_eq!(stopped["job"], waiting.as_str());
    texts.push(stopped["text"].clone());

    let last = served.run(json!({ "people": 100 })).await;
    served.line_with(&format!("{last} taken")).await;
    served.press_ctrl_c();
    let draining = served.worker_event(&mut page, "draining").await;
    assert_eq!(draining["worker"], "local-1");
    texts.push(draining["text"].clone());
    served.post(&format!("/cancel/{last}"), json!({})).await;
    let (_, log) = served.ends().await;
    for text in &texts {
        let text = text.as_str().expect("a text");
        assert!(log.contains(text), "{text} is not in the log:\n{log}");
    }
}

#[tokio::test]
async fn the_page_says_which_worker_was_refreshed() {
    let served = Served::start("refresh").await;
    for _ in 0..2 {
        let input = json!({ "input": { "text": "to be" } });
        served.post("/runsync", input).await;
    }
    let state = served.get("/local/state").await;
    let refreshed: Vec<_> = state["workerEvents"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|it| it["event"] == "refresh")
        .map(|it| it["worker"].clone())
        .collect();
    assert_eq!(refreshed, ["local-1", "local-2"], "{state}");
    served.interrupt().await;
}

#[tokio::test]
async fn a_port_in_use_is_named_with_the_flag_that_changes_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken
        .local_addr()
        .expect("the socket has an address")
        .port();
    let run = example("hello")
        .args(["--rp_serve_api", "--rp_api_port", &port.to_string()])
        .output();
    let ended: crate::process::Ended = run.await.expect("the example starts").into();
    ended.assert_code(1);
    ended.assert_shows(&["in use", &port.to_string(), "--rp_api_port"]);
}

#[tokio::test]
async fn a_key_is_demanded_of_clients_and_given_to_the_own_worker() {
    let served = Served::start_with("hello", |command| {
        command.env("RUNPOD_LOCAL_API_KEY", "rpa_A_KEY_OF_MY_OWN");
    })
    .await;
    let body = json!({ "input": { "name": "Ada" } });
    let refused = served.post("/runsync", body.clone()).await;
    assert!(refused["error"].is_string(), "{refused}");
    let request = served.client.post(format!("{}/runsync", served.url));
    let request = request.bearer_auth("rpa_A_KEY_OF_MY_OWN");
    let job = Served::answer(request.body(body.to_string())).await;
    assert_eq!(job["output"], "Hello, Ada!", "{job}");
    let (_, text) = served.interrupt().await;
    assert!(!text.contains("rpa_A_KEY_OF_MY_OWN"), "{text}");
}

#[tokio::test]
async fn the_test_input_of_the_folder_is_the_pages_example() {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    let job = json!({ "input": { "name": "Grace" } });
    std::fs::write(folder.path().join("test_input.json"), job.to_string())
        .expect("the file can be written");
    let served = Served::start_with("hello", |command| {
        command.current_dir(folder.path());
    })
    .await;
    let state = served.get("/local/state").await;
    assert_eq!(state["examples"], json!([job]), "{state}");
    served.interrupt().await;
}

#[tokio::test]
async fn a_variable_gives_the_model_another_name() {
    let served = Served::start_with("chat", |command| {
        command.env("OPENAI_SERVED_MODEL_NAME_OVERRIDE", "my-model");
    })
    .await;
    let models = served.get("/openai/v1/models").await;
    assert_eq!(models["data"][0]["id"], "my-model", "{models}");
    assert_eq!(models["data"].as_array().map(Vec::len), Some(1), "{models}");
    let messages = json!([{ "role": "user", "content": "hi" }]);
    let chat = async |model: &str| {
        let body = json!({ "model": model, "messages": messages });
        served.post("/openai/v1/chat/completions", body).await
    };
    assert_eq!(chat("my-model").await["model"], "my-model");
    let refused = chat("parrot-1").await;
    assert_eq!(refused["param"], "model", "{refused}");
    served.interrupt().await;
}
