//! A local endpoint and a client for it.

use std::time::{Duration, Instant};

use reqwest::Client;
use runpod_local::{Endpoint, Running};
use serde_json::Value;

use crate::Outcome;

/// How often the client reads the number of completed jobs.
const LOOK: Duration = Duration::from_millis(5);

pub(super) struct LocalEndpoint {
    endpoint: Running,
    client: Client,
}

impl LocalEndpoint {
    pub(super) async fn open() -> Outcome<Self> {
        Ok(Self {
            endpoint: Endpoint::new().bind("127.0.0.1", 0).await?,
            client: Client::builder().no_proxy().build()?,
        })
    }

    pub(super) async fn close(self) {
        self.endpoint.shutdown().await;
    }

    pub(super) fn worker_environment(&self) -> Vec<(&'static str, String)> {
        self.endpoint.worker_environment(None)
    }

    /// Submits a job with that input and waits for its result.
    pub(super) async fn run(&self, input: String) -> Outcome<()> {
        completed(&self.post("runsync", &input).await?).map(drop)
    }

    pub(super) async fn submit(&self, input: String) -> Outcome<String> {
        let answer = self.post("run", &input).await?;
        let id = answer["id"].as_str().ok_or("a job without an id")?;
        Ok(id.to_owned())
    }

    /// Waits for the result of a submitted job.
    pub(super) async fn result(&self, id: &str) -> Outcome<()> {
        let mut looks = tokio::time::interval(Duration::from_millis(1));
        while !completed(&self.get(&format!("status/{id}")).await?)? {
            looks.tick().await;
        }
        Ok(())
    }

    /// Submits a streaming job and returns the time until its first item.
    pub(super) async fn first_item(&self) -> Outcome<Duration> {
        let submitted = Instant::now();
        let id = self.submit(r#"{"items":3}"#.to_owned()).await?;
        let mut took = None;
        loop {
            let answer = self.get(&format!("stream/{id}")).await?;
            let items = answer["stream"].as_array();
            if items.is_some_and(|items| !items.is_empty()) {
                took.get_or_insert_with(|| submitted.elapsed());
            }
            if completed(&answer)? {
                return took.ok_or_else(|| "a stream without an item".into());
            }
        }
    }

    pub(super) async fn completed(&self) -> Outcome<u64> {
        let health = self.get("health").await?;
        let completed = health["jobs"]["completed"].as_u64();
        completed.ok_or_else(|| "/health does not report the number of completed jobs".into())
    }

    pub(super) async fn until_completed(&self, jobs: u64) -> Outcome<()> {
        let mut looks = tokio::time::interval(LOOK);
        while self.completed().await? < jobs {
            looks.tick().await;
        }
        Ok(())
    }

    async fn post(&self, path: &str, input: &str) -> Outcome<Value> {
        let request = self
            .client
            .post(format!("{}/{path}", self.endpoint.url()))
            .header("content-type", "application/json")
            .body(format!(r#"{{"input":{input}}}"#));
        let answer = request.send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    async fn get(&self, path: &str) -> Outcome<Value> {
        let request = self.client.get(format!("{}/{path}", self.endpoint.url()));
        let answer = request.send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }
}

/// Returns whether the job has completed, or an error if it never will.
fn completed(answer: &Value) -> Outcome<bool> {
    match answer["status"].as_str() {
        Some("COMPLETED") => Ok(true),
        Some("IN_QUEUE" | "IN_PROGRESS") => Ok(false),
        _ => Err(format!("the job did not complete: {answer}").into()),
    }
}
