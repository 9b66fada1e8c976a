//! The endpoint that both take jobs from, and a client of it.

use std::time::{Duration, Instant};

use reqwest::Client;
use runpod_local::{Endpoint, Running};
use serde_json::{Value, json};

use crate::Outcome;
use crate::peer::{Peer, Process};

pub(crate) struct Desk {
    endpoint: Running,
    client: Client,
}

impl Desk {
    pub(crate) async fn open() -> Outcome<Self> {
        Ok(Self {
            endpoint: Endpoint::new().bind("127.0.0.1", 0).await?,
            client: Client::builder().no_proxy().build()?,
        })
    }

    pub(crate) async fn close(self) {
        self.endpoint.shutdown().await;
    }

    pub(crate) fn start(&self, peer: &Peer, kind: &str, slots: usize) -> Outcome<Process> {
        peer.start(kind, slots, self.endpoint.worker_environment(None))
    }

    async fn post(&self, path: &str, body: &Value) -> Outcome<Value> {
        let url = format!("{}/{path}", self.endpoint.url());
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json");
        let answer = request
            .body(body.to_string())
            .send()
            .await?
            .error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    async fn get(&self, path: &str) -> Outcome<Value> {
        let answer = self
            .client
            .get(format!("{}/{path}", self.endpoint.url()))
            .send()
            .await?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    /// Waits for the result of a job that takes so long.
    pub(crate) async fn result(&self, ms: u64) -> Outcome<Duration> {
        let asked = Instant::now();
        let answer = self
            .post("runsync", &json!({ "input": { "ms": ms } }))
            .await?;
        if answer["status"] == "COMPLETED" {
            Ok(asked.elapsed())
        } else {
            Err(format!("the job did not complete: {answer}").into())
        }
    }

    pub(crate) async fn submit(&self, ms: u64) -> Outcome<String> {
        let answer = self.post("run", &json!({ "input": { "ms": ms } })).await?;
        let id = answer["id"].as_str().ok_or("a job without an id")?;
        Ok(id.to_owned())
    }

    /// How long it takes from a job's submission to its first item.
    pub(crate) async fn first_item(&self) -> Outcome<Duration> {
        let asked = Instant::now();
        let id = self.submit(0).await?;
        let mut took = None;
        loop {
            let answer = self.get(&format!("stream/{id}")).await?;
            if answer["stream"]
                .as_array()
                .is_some_and(|items| !items.is_empty())
            {
                took = took.or_else(|| Some(asked.elapsed()));
            }
            if answer["status"] == "COMPLETED" {
                return took.ok_or_else(|| "a stream without an item".into());
            }
        }
    }

    /// How many jobs have completed.
    pub(crate) async fn completed(&self) -> Outcome<u64> {
        let health = self.get("health").await?;
        let completed = health["jobs"]["completed"].as_u64();
        completed.ok_or_else(|| "the endpoint does not tell how many jobs have completed".into())
    }

    /// How long it takes until so many jobs have completed.
    pub(crate) async fn until_completed(&self, jobs: u64, since: Instant) -> Outcome<Duration> {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        loop {
            ticks.tick().await;
            if self.completed().await? >= jobs {
                return Ok(since.elapsed());
            }
        }
    }
}
