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

/// Returns a command that runs `program` without the variables of this machine that change its results.
fn command(program: &str, weights: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars() {
        let is_ours = ["RUNPOD_", "MODEL_", "OPENAI_"];
        if is_ours.iter().any(|of| name.starts_with(of)) || name == "RUST_BACKTRACE" {
            command.env_remove(name);
        }
    }
    command
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .env("TMPDIR", env!("CARGO_TARGET_TMPDIR"))
        .env("RUNPOD_RESULT_SPOOL", "off")
        .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
        .env("MODEL_DIR", weights)
        .stdin(Stdio::null());
    command
}

impl Worker {
    pub(crate) fn start(program: &str, weights: &Path) -> Self {
        // With one slot, a job runs only if the one before has really ended.
        let mut child = command(program, weights)
            .args(["--rp_serve_api", "--rp_api_port", "0"])
            .args(["--rp_api_concurrency", "1"])
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
        // A worker that accepts the weights fails this job, and ends.
        let job = ["--test_input", r#"{"input": {}}"#];
        let output = command(program, weights).args(job).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request
            .header("content-type", "application/json")
            .body(body.to_string());
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    pub(crate) async fn run_sync(&self, input: Value) -> Value {
        self.post("/runsync?wait=300000", json!({ "input": input }))
            .await
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
