//! Runs the worker of an example with its local endpoint, and calls the endpoint over HTTP. The tests of several examples
//! contain this file.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

pub(crate) struct Worker {
    child: Child,
    url: String,
    client: reqwest::Client,
}

/// Returns a command that runs `program` without the `RUNPOD_` variables of this machine.
fn command(program: &str, weights: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars() {
        if name.starts_with("RUNPOD_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .env("TMPDIR", env!("CARGO_TARGET_TMPDIR"))
        .env("RUNPOD_RESULT_SPOOL", "off")
        .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
        .env("MODEL_DIR", weights)
        .args(["--rp_serve_api", "--rp_api_port", "0"])
        .stdin(Stdio::null());
    command
}

impl Worker {
    pub(crate) fn start(program: &str, weights: &Path) -> Self {
        let mut child = command(program, weights)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .find_map(|line| {
                let line = line.ok()?;
                let (_, rest) = line.split_once("The local endpoint is at ")?;
                Some(rest.split_once(": ")?.0.to_owned())
            })
            .expect("the worker writes its address");
        // Nobody reads the rest, but the pipe must not become full.
        std::thread::spawn(move || lines.for_each(drop));
        // The tests use only http, but the client needs a TLS provider. Only the first test can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            child,
            url,
            client: reqwest::Client::new(),
        }
    }

    /// Runs the worker with weights that it refuses. Returns its exit code and its output.
    pub(crate) fn fails(program: &str, weights: &Path) -> (Option<i32>, String) {
        let output = command(program, weights).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request
            .header("content-type", "application/json")
            .body(body.to_string());
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    pub(crate) async fn run(&self, input: Value) -> String {
        let job = self.post("/run", json!({ "input": input })).await;
        job["id"].as_str().expect("a job has an id").to_owned()
    }

    pub(crate) async fn run_sync(&self, input: Value) -> Value {
        self.post("/runsync?wait=300000", json!({ "input": input }))
            .await
    }

    pub(crate) async fn cancel(&self, id: &str) -> Value {
        self.post(&format!("/cancel/{id}"), json!({})).await
    }

    /// Returns the items that are there now or that come next, and whether the job has finished.
    async fn next_items(&self, id: &str) -> (Vec<Value>, bool) {
        let mut answer = self.post(&format!("/stream/{id}"), json!({})).await;
        let running = ["IN_QUEUE", "IN_PROGRESS"].contains(&answer["status"].as_str().unwrap());
        let items = answer["stream"].as_array_mut();
        let items = items.map(std::mem::take).unwrap_or_default();
        let outputs = items.into_iter().map(|mut item| item["output"].take());
        (outputs.collect(), !running)
    }

    /// Waits until the job has streamed an item.
    pub(crate) async fn first_item(&self, id: &str) {
        loop {
            let (items, done) = self.next_items(id).await;
            assert!(!done, "the job has finished");
            if !items.is_empty() {
                return;
            }
        }
    }

    /// Runs a job and returns the items of its stream.
    pub(crate) async fn streamed(&self, input: Value) -> Vec<Value> {
        let id = self.run(input).await;
        let mut all = Vec::new();
        loop {
            let (items, done) = self.next_items(&id).await;
            let empty = items.is_empty();
            all.extend(items);
            if done && empty {
                return all;
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
