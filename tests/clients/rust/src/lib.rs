//! A local endpoint with one worker attached, as processes, and the client of the crate `runpod-sdk` that talks to it.

mod process;

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use runpod_sdk::serverless::ServerlessEndpoint;
use runpod_sdk::RunpodClient;
use tempfile::TempDir;

use process::{address, environment, Process};

/// How long anything may take before it counts as hung. Far above what it takes; no test measures time.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Whose worker, and where.
#[derive(Debug, Clone, Copy)]
pub enum Attached {
    /// Ours, serving the endpoint itself (`--rp_serve_api`).
    InProcess,
    /// Ours, attached to the stand-alone `runpod-local`.
    Ours,
    /// The Python SDK's, likewise.
    Sdk,
}

/// A local endpoint and the worker behind it; both are gone when this is dropped.
#[derive(Debug)]
pub struct Endpoint {
    url: String,
    worker: Process,
    _server: Option<Process>,
    _room: TempDir,
}

impl Endpoint {
    /// Starts both. `kind` is a worker's name in `tests/peers`.
    pub async fn start(attached: Attached, kind: &str) -> Self {
        let room = TempDir::new().expect("a folder for temporary files");
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

    /// A client that found the endpoint as its users' programs do: by `RUNPOD_API_URL`.
    pub fn client(&self) -> ServerlessEndpoint {
        static ENVIRONMENT: Mutex<()> = Mutex::new(());
        // The tests of a file run side by side, each with an endpoint of its own.
        let _one = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
        env::set_var("RUNPOD_API_URL", format!("{}/v2", self.url));
        env::set_var("RUNPOD_API_KEY", "any");
        let client = RunpodClient::from_env().expect("both variables are set");
        ServerlessEndpoint::new("local", client)
    }

    /// A client that is built as the snippet on the local endpoint's page builds it.
    pub fn client_as_on_the_page(&self) -> ServerlessEndpoint {
        let client = RunpodClient::builder()
            .with_api_key("local")
            .with_api_url(format!("{}/v2", self.url))
            .build_client()
            .expect("the key and the address are given");
        ServerlessEndpoint::new("local", client)
    }

    /// Waits until the handler of a job has begun.
    ///
    /// The endpoint calls a job running once it was taken. The SDK's worker, told to stop it before its handler has begun,
    /// never runs another job: `finally` of a task that is cancelled before its first step does not run. The client's
    /// own `output` cannot tell: it panics while there is none.
    pub async fn has_started(&mut self, job: &str) {
        self.worker.has_started(job).await;
    }

    /// Lets a handler go on that waits for a line on standard input.
    pub async fn line(&mut self) {
        self.worker.line().await;
    }
}

/// Makes a test of each of the file's behaviours with each way to attach a worker; `start` of the file starts it.
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

/// A program that `cargo xtask test` has built or installed.
fn program(variable: &str) -> tokio::process::Command {
    let path = env::var_os(variable).unwrap_or_else(|| {
        panic!("{variable} names no program; run this suite with `cargo xtask test`, or set it")
    });
    tokio::process::Command::new(path)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}
