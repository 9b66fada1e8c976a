//! Calls the local endpoint of an example's worker over HTTP. The tests of several examples contain this file.

use std::path::Path;

use serde_json::{Value, json};

use crate::process::Process;

pub(crate) struct Worker {
    process: Process,
    client: reqwest::Client,
}

impl Worker {
    pub(crate) fn start(program: &str, weights: &Path) -> Self {
        // The tests use only http, but the client needs a TLS provider. Only the first test can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            // With one slot, a job runs only if the one before has really ended.
            process: Process::start(program, weights, &["--rp_api_concurrency", "1"]),
            client: reqwest::Client::new(),
        }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.process.url));
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
