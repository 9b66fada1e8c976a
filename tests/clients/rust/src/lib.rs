//! Starts a local endpoint and a worker as processes, and connects the client of the crate `runpod-sdk`.

mod process;

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use runpod_sdk::serverless::ServerlessEndpoint;
use runpod_sdk::RunpodClient;
use tempfile::TempDir;

use process::{address, environment, Process};

/// How long a test waits before it fails. No test takes nearly as long, and no test measures time.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The kind of worker behind the endpoint.
#[derive(Debug, Clone, Copy)]
pub enum Attached {
    /// Our worker, which serves the endpoint itself (`--rp_serve_api`).
    InProcess,
    /// Our worker as a process, connected to the stand-alone `runpod-local`.
    Ours,
    /// The Python SDK's worker as a process, connected to the stand-alone `runpod-local`.
    Sdk,
}

/// A local endpoint and its worker. Both are killed on drop.
#[derive(Debug)]
pub struct Endpoint {
    url: String,
    worker: Process,
    _server: Option<Process>,
    _room: TempDir,
}

impl Endpoint {
    /// Starts an endpoint and its worker. `kind` is the name of a worker in `tests/peers`.
    pub async fn start(attached: Attached, kind: &str) -> Self {
        let room = TempDir::new().expect("a temporary folder can be created");
        let ours = || program("RUNPOD_TEST_WORKER");
        if let Attached::InProcess = attached {
            let serve = [
                "--rp_serve_api",
                "--rp_api_host=127.0.0.1",
                "--rp_api_port=0",
            ];
            let mut worker = Process::start(ours().arg(kind).args(serve), room.path());
            return Self {
                url: worker.wait_for(address).await,
                worker,
                _server: None,
                _room: room,
            };
        }
        let mut local = program("RUNPOD_TEST_LOCAL");
        let mut server = Process::start(local.args(["--port", "0"]), room.path());
        let url = server.wait_for(address).await;
        let environment = server.wait_for(environment).await;
        let mut command = if let Attached::Sdk = attached {
            let mut python = program("RUNPOD_TEST_PYTHON");
            python.arg(root().join("tests/peers/python_peer.py"));
            python
        } else {
            ours()
        };
        Self {
            url,
            worker: Process::start(command.arg(kind).envs(environment), room.path()),
            _server: Some(server),
            _room: room,
        }
    }

    /// Returns a client that reads the endpoint's address from `RUNPOD_API_URL`, like a user's program.
    pub fn client(&self) -> ServerlessEndpoint {
        static ENVIRONMENT: Mutex<()> = Mutex::new(());
        // The tests of a file run in parallel, each with its own endpoint.
        let _one = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
        env::set_var("RUNPOD_API_URL", format!("{}/v2", self.url));
        env::set_var("RUNPOD_API_KEY", "any");
        let client = RunpodClient::from_env().expect("both variables are set");
        ServerlessEndpoint::new("local", client)
    }

    /// Returns a client that is built like the snippet on the local endpoint's page.
    pub fn client_as_on_the_page(&self) -> ServerlessEndpoint {
        let client = RunpodClient::builder()
            .with_api_key("local")
            .with_api_url(format!("{}/v2", self.url))
            .build_client()
            .expect("the key and the address are given");
        ServerlessEndpoint::new("local", client)
    }

    /// Waits until the job's handler has started.
    ///
    /// The status `IN_PROGRESS` is not enough, because a job is in progress as soon as it is taken. If the SDK's worker
    /// stops a job before the job's handler has started, it never runs another job: asyncio does not run `finally` in
    /// a task that is cancelled before its first step. The client's own `output` cannot be used: it panics while
    /// there is no output.
    pub async fn has_started(&mut self, job: &str) {
        self.worker.has_started(job).await;
    }

    /// Sends a line to standard input, which lets a waiting handler continue.
    pub async fn line(&mut self) {
        self.worker.line().await;
    }
}

/// Turns the file's functions into tests, one for each kind of worker. The file's `start` starts the endpoint.
#[macro_export]
macro_rules! with_each_worker {
    ($($behaviour:ident),* $(,)?) => {
        $crate::with_each_worker!(in_process InProcess: $($behaviour)*);
        $crate::with_each_worker!(ours Ours: $($behaviour)*);
        $crate::with_each_worker!(sdk Sdk: $($behaviour)*);
    };
    ($module:ident $attached:ident: $($behaviour:ident)*) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $behaviour() {
                    super::$behaviour(super::start($crate::Attached::$attached).await).await;
                }
            )*
        }
    };
}

/// Returns the command of a program that `cargo xtask test` has built or installed.
fn program(variable: &str) -> tokio::process::Command {
    let path = env::var_os(variable).unwrap_or_else(|| {
        panic!(
            "{variable} is not set to a program; run this suite with `cargo xtask test`, or set it"
        )
    });
    tokio::process::Command::new(path)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}
