//! A batch handler that serves HTTP: requests that arrive during a call share the next one.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::peer::{Peer, Programs, end_group, pid};

/// The time limit for everything in the test.
const DEADLINE: Duration = Duration::from_mins(2);

struct Worker {
    child: Child,
    stdin: ChildStdin,
    url: String,
    output: PathBuf,
    client: reqwest::Client,
}

type Answer = JoinHandle<(u16, Value)>;

impl Worker {
    async fn start(programs: &Programs) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
        let port = port.expect("a port is free").port();
        let room = programs.folder.join("batches-over-http");
        let mut command = programs
            .command(Peer::Ours, "batch", &room)
            .expect("a room");
        command.env("PORT", port.to_string());
        let mut child = command.spawn().expect("the worker starts");
        let worker = Self {
            stdin: child.stdin.take().expect("standard input is piped"),
            child,
            url: format!("http://127.0.0.1:{port}/batched"),
            output: room.join("output.log"),
            client: reqwest::Client::new(),
        };
        while worker.client.get(&worker.url).send().await.is_err() {
            tokio::task::yield_now().await;
        }
        worker
    }

    fn post(&self, input: &Value) -> Answer {
        let request = self.client.post(&self.url);
        let request = request
            .header("content-type", "application/json")
            .body(input.to_string());
        tokio::spawn(async move {
            let response = request.send().await.expect("an answer");
            let status = response.status().as_u16();
            let text = response.text().await.expect("a body");
            let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
            (status, body)
        })
    }

    /// Sends a text, and waits until the worker has read it.
    async fn arrives(&self, text: &str) -> Answer {
        let answer = self.post(&json!(text));
        self.writes(&format!("arrived: {text}\n")).await;
        answer
    }

    /// Waits until the worker has written this text.
    async fn writes(&self, text: &str) {
        while !fs::read_to_string(&self.output).is_ok_and(|output| output.contains(text)) {
            tokio::task::yield_now().await;
        }
    }

    /// Lets one call continue.
    async fn line(&mut self) {
        let written = self.stdin.write_all(b"\n").await;
        written.expect("the worker reads its standard input");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        end_group(pid(&self.child));
    }
}

#[tokio::test]
async fn requests_share_calls_in_their_order_and_a_bad_input_fails_alone() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The first call builds the worker, which may take long.
    let programs = Programs::find().unwrap_or_else(|why| panic!("{why}"));
    let calls = share_calls(programs);
    timeout(DEADLINE, calls).await.expect("all end");
}

async fn share_calls(programs: &Programs) {
    let mut worker = Worker::start(programs).await;
    let first = worker.arrives("first").await;
    worker.writes("call 1 has started\n").await;
    // While the first call runs, these requests wait for the next one. One call has at most four jobs.
    let mut waiting = Vec::new();
    for text in ["second", "fail", "fourth", "fifth", "sixth"] {
        waiting.push(worker.arrives(text).await);
    }
    // An input of another type does not wait for a call.
    let (status, body) = worker.post(&json!(7)).await.expect("it is answered");
    assert_eq!(status, 422, "{body}");
    worker.line().await;
    let (status, body) = first.await.expect("it is answered");
    assert_eq!((status, body), (200, json!(["first", 1, 0, 1])));
    worker.line().await;
    worker.line().await;
    let mut answers = Vec::new();
    for answer in waiting {
        answers.push(answer.await.expect("it is answered"));
    }
    assert_eq!(answers[0], (200, json!(["second", 2, 0, 4])));
    assert_eq!(answers[1].0, 500);
    assert!(answers[1].1.to_string().contains("this text fails"));
    assert_eq!(answers[2], (200, json!(["fourth", 2, 2, 4])));
    assert_eq!(answers[3], (200, json!(["fifth", 2, 3, 4])));
    assert_eq!(answers[4], (200, json!(["sixth", 3, 0, 1])));
    let forgotten = worker.arrives("forget").await;
    worker.line().await;
    let (status, body) = forgotten.await.expect("it is answered");
    assert_eq!(status, 500);
    let why = "the batch handler returned 0 results for 1 jobs";
    assert!(body.to_string().contains(why), "{body}");
}
