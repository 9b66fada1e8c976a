//! A client of the endpoint, and a helper that waits for a condition.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

/// How long a test waits before it counts as hung. This includes builds on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(4);

#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    pub(crate) fn of(url: &str) -> Self {
        // This fails if another test has already installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .expect("the client can be built");
        Self {
            http,
            url: url.to_owned(),
        }
    }

    /// Submits a job and returns its id.
    pub(crate) async fn run(&self, input: Value) -> String {
        let request = self.http.post(format!("{}/run", self.url));
        let body = json!({ "input": input }).to_string();
        let request = request
            .header("content-type", "application/json")
            .body(body);
        let job = answer(request).await;
        job["id"]
            .as_str()
            .expect("the value is a string")
            .to_owned()
    }

    /// Waits for a job that must complete, and returns its output.
    pub(crate) async fn output(&self, id: &str) -> Value {
        let ended = self.ended(id).await;
        assert_eq!(ended["status"], "COMPLETED", "{ended}");
        ended["output"].clone()
    }

    pub(crate) async fn ended(&self, id: &str) -> Value {
        loop {
            let job = self.get(&format!("/status-sync/{id}?wait=60000")).await;
            if job["status"] != "IN_QUEUE" && job["status"] != "IN_PROGRESS" {
                return job;
            }
        }
    }

    /// Waits until the job's newest progress update is this text.
    pub(crate) async fn until_progress(&self, id: &str, progress: &str) {
        eventually(&format!("{id} says {progress}"), async || {
            self.get(&format!("/status/{id}")).await["output"] == progress
        })
        .await;
    }

    /// Sends a request to a handler of a worker that serves HTTP.
    pub(crate) async fn call(&self, path: &str, accept: &str, input: Value) -> reqwest::Response {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request
            .header("content-type", "application/json")
            .header("accept", accept)
            .body(input.to_string());
        request.send().await.expect("the endpoint answers")
    }

    /// Opens a path as a browser does.
    pub(crate) async fn open(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.url));
        let request = request.header("accept", "text/html,*/*;q=0.8");
        request.send().await.expect("the endpoint answers")
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        answer(self.http.get(format!("{}{path}", self.url))).await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.expect("the endpoint answers");
    let text = answer.text().await.expect("the body can be read");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// Waits until the condition is true. The condition must stay true until the test continues.
pub(crate) async fn eventually(what: &str, look: impl AsyncFn() -> bool) {
    let asking = async {
        while !look().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, asking)
        .await
        .unwrap_or_else(|_| panic!("this never became true: {what}"));
}
