//! An endpoint in this process, with a worker process attached to it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use runpod_local::{Endpoint, Running, Timing};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::worker::{self, Worker};

/// How long a test waits before it counts as hung.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The only key in these tests. It must not appear in any output.
pub(crate) const KEY: &str = "rpa_0123456789SECRET";

pub(crate) struct Stage {
    /// The worker. It stops before the endpoint does.
    worker: Option<Worker>,
    endpoint: Option<Running>,
    runtime: Runtime,
    port: u16,
    /// An empty folder in which the commands run.
    room: TempDir,
}

impl Stage {
    pub(crate) fn with(worker: &str) -> Self {
        Self::of(patient(), Some(worker))
    }

    pub(crate) fn without_worker() -> Self {
        Self::of(patient(), None)
    }

    pub(crate) fn with_faults(worker: Option<&str>, faults: &str) -> Self {
        let faults = faults.parse().expect("the faults are some");
        Self::of(patient().faults(faults), worker)
    }

    pub(crate) fn of(endpoint: Endpoint, worker: Option<&str>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("there is a runtime");
        let mut stage = Self {
            worker: None,
            endpoint: None,
            runtime,
            port: 0,
            room: TempDir::new().expect("there is room for a folder"),
        };
        stage.start(endpoint, worker);
        stage
    }

    /// Restarts the endpoint on the same port, with an empty queue.
    pub(crate) fn start_again_with(&mut self, worker: Option<&str>) {
        self.shut_down();
        self.start(patient(), worker);
    }

    fn start(&mut self, endpoint: Endpoint, worker: Option<&str>) {
        if worker.is_some() {
            // The programs are built first. Otherwise a job would wait for cargo, and `invoke` would report it.
            worker::build_programs();
        }
        let endpoint = self
            .runtime
            .block_on(endpoint.bind("127.0.0.1", self.port))
            .expect("the port is free");
        self.port = endpoint.address().port();
        let variables = endpoint.worker_environment(Some("worker-1"));
        self.worker = worker.map(|worker| Worker::start(worker, &variables, self.room()));
        self.endpoint = Some(endpoint);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn room(&self) -> &Path {
        self.room.path()
    }

    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.room().join(file), text).expect("the file can be written");
    }

    /// Starts a worker for an endpoint that has none.
    pub(crate) fn attach(&mut self, worker: &str) {
        let endpoint = self.endpoint.as_ref().expect("the stage has an endpoint");
        let variables = endpoint.worker_environment(Some("worker-1"));
        self.worker = Some(Worker::start(worker, &variables, self.room()));
    }

    pub(crate) fn go_on(&mut self) {
        self.worker.as_mut().expect("there is a worker").go_on();
    }

    pub(crate) fn shut_down(&mut self) {
        self.worker = None;
        if let Some(endpoint) = self.endpoint.take() {
            self.runtime.block_on(endpoint.shutdown());
        }
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.ask("GET", path)
    }

    pub(crate) fn delete(&self, path: &str) -> Value {
        self.ask("DELETE", path)
    }

    pub(crate) fn post(&self, path: &str) -> Value {
        self.ask("POST", path)
    }

    /// Sends a request without the HTTP client that the command uses.
    fn ask(&self, method: &str, path: &str) -> Value {
        let host = format!("127.0.0.1:{}", self.port);
        let mut stream = TcpStream::connect(&host).expect("the endpoint listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("the timeout is not zero");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        .expect("the endpoint takes a request");
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .expect("the endpoint answers");
        let (_, body) = answer
            .split_once("\r\n\r\n")
            .expect("the answer has a body");
        serde_json::from_str(body).expect("the body is JSON")
    }
}

/// Returns an endpoint on which a hanging job ends before the tests' time limit.
fn patient() -> Endpoint {
    let mut timing = Timing::default();
    timing.execution_timeout = PATIENCE / 2;
    timing.ttl = PATIENCE / 2;
    Endpoint::new().timing(timing)
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.shut_down();
    }
}
