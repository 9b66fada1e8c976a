//! The example `serve_http` as a running server.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::process::{PATIENCE, example};

/// A running server.
pub(crate) struct HttpServer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    seen: Vec<String>,
    /// Host and port.
    pub(crate) address: String,
    client: reqwest::Client,
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl HttpServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// Starts the server and waits until it listens. Its state may still be loading.
    pub(crate) async fn start_with(prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = example("serve_http");
        command
            .args(["--serve-http", "--http-port", "0"])
            .stderr(Stdio::inherit());
        for variable in ["PORT", "PORT_HEALTH", "HEALTH_CHECK_PATH"] {
            command.env_remove(variable);
        }
        prepare(&mut command);
        let mut child = command.spawn().expect("the example starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        // The tests use only http, but the client needs a TLS provider. Only the first test can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut server = Self {
            child,
            lines: BufReader::new(stdout).lines(),
            seen: Vec::new(),
            address: String::new(),
            client: reqwest::Client::new(),
        };
        let line = server.line_with("Serving HTTP at http://").await;
        let (_, rest) = line
            .split_once("http://")
            .expect("the line has the address");
        let (address, _) = rest.split_once(',').expect("a comma follows the address");
        server.address = address.replace("0.0.0.0", "127.0.0.1");
        server
    }

    /// Waits for a line of the log that contains `part`. It may have been read already.
    pub(crate) async fn line_with(&mut self, part: &str) -> String {
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

    pub(crate) fn post(&self, path: &str, body: impl Into<String>) -> reqwest::RequestBuilder {
        self.client
            .post(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .body(body.into())
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.client.get(format!("http://{}{path}", self.address))).await
    }

    /// Asks again and again until the condition holds.
    pub(crate) async fn until(&self, path: &str, holds: impl Fn(&Answer) -> bool) {
        let asking = async {
            while !holds(&self.get(path).await) {
                tokio::task::yield_now().await;
            }
        };
        let waited = timeout(PATIENCE, asking).await;
        waited.unwrap_or_else(|_| panic!("the answer of {path} never changed"));
    }

    /// Opens a connection and sends these bytes.
    pub(crate) async fn raw(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).await.expect("it listens");
        stream.write_all(bytes.as_bytes()).await.expect("it reads");
        stream
    }

    /// Opens a connection, and sends the head of a request to a handler.
    pub(crate) async fn raw_post(&self, path: &str, headers: &str) -> TcpStream {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n");
        self.raw(&head).await
    }

    pub(crate) fn terminate(&self) {
        let id = self.child.id().expect("the process runs").cast_signed();
        let process = Pid::from_raw(id).expect("a process has an id");
        kill_process(process, Signal::TERM).expect("the process runs");
    }

    /// Waits until the process exits, and returns its exit code and its whole log.
    pub(crate) async fn ends(mut self) -> (Option<i32>, String) {
        while let Ok(Ok(Some(line))) = timeout(PATIENCE, self.lines.next_line()).await {
            self.seen.push(line);
        }
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status
            .expect("the process exits")
            .expect("it can be waited for");
        (status.code(), self.seen.join("\n"))
    }
}

/// Sends a request and reads the whole response.
pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let reading = async {
        let response = request.send().await?;
        Ok::<_, reqwest::Error>(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await?,
        })
    };
    let answered = timeout(PATIENCE, reading).await;
    answered
        .expect("the server answers in time")
        .expect("the request succeeds")
}

/// Reads a connection until the text contains `part`, and returns the text.
pub(crate) async fn read_until(stream: &mut TcpStream, part: &str) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        let mut searched = 0;
        loop {
            let rest = &bytes[searched..];
            if rest
                .windows(part.len())
                .any(|window| window == part.as_bytes())
            {
                return String::from_utf8_lossy(&bytes).into_owned();
            }
            // The part may have started at the end of these bytes.
            searched = bytes.len().saturating_sub(part.len());
            let read = stream.read_buf(&mut bytes).await.expect("it can be read");
            let end = bytes.len().saturating_sub(500);
            let text = String::from_utf8_lossy(&bytes[end..]);
            assert!(read > 0, "the connection ended after {text:?}");
        }
    };
    let read = timeout(PATIENCE, reading).await;
    read.unwrap_or_else(|_| panic!("{part:?} never arrived"))
}
