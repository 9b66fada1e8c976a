//! A client of the public API.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// The time after which a test counts as hung. It is far longer than any step takes.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
}

impl Client {
    pub(crate) fn of(endpoint: &runpod_local::Running) -> Self {
        Self {
            address: endpoint.address(),
        }
    }

    /// Submits a job and returns its id.
    pub(crate) async fn run(&self, input: &Value) -> String {
        let body = json!({ "input": input }).to_string();
        let job = self.answer(Method::POST, "/run", body).await;
        job["id"].as_str().expect("a job has an id").to_owned()
    }

    pub(crate) async fn status(&self, id: &str) -> Value {
        self.get(&format!("/status/{id}")).await
    }

    /// Waits until the job has finished, and returns it.
    pub(crate) async fn ended(&self, id: &str) -> Value {
        self.get(&format!("/status-sync/{id}?wait=45000")).await
    }

    /// Returns all streamed items of a finished job.
    pub(crate) async fn items(&self, id: &str) -> Vec<Value> {
        let mut items = Vec::new();
        loop {
            let answer = self.get(&format!("/stream/{id}")).await;
            let some = answer["stream"].as_array().expect("`stream` is a list");
            items.extend(some.iter().map(|item| item["output"].clone()));
            if answer["status"] != "IN_PROGRESS" {
                return items;
            }
        }
    }

    pub(crate) async fn health(&self) -> Value {
        self.get("/health").await
    }

    async fn get(&self, path: &str) -> Value {
        self.answer(Method::GET, path, String::new()).await
    }

    async fn answer(&self, method: Method, path: &str, body: String) -> Value {
        let text = timeout(PATIENCE, self.exchange(method, path, body))
            .await
            .expect("the endpoint answers in time")
            .expect("the request succeeds");
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<Bytes, Box<dyn Error>> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let answer = sender.send_request(request).await?.into_body();
        let text = answer.collect().await?.to_bytes();
        connection.abort();
        Ok(text)
    }
}

/// Polls `look` until it returns `true`. The state must last until the test continues.
pub(crate) async fn eventually(what: &str, look: impl AsyncFn() -> bool) {
    let asking = async {
        while !look().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, asking)
        .await
        .unwrap_or_else(|_| panic!("this did not happen in time: {what}"));
}
