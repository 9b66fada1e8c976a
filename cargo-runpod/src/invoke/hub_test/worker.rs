//! Builds the worker and runs it at a local endpoint of its own.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::file::File;
use crate::failure::Failure;
use crate::selection::Worker;

const ID: &str = "hub-test";

/// Builds the worker and returns its program. Cargo's messages go to stderr.
pub(super) fn build(worker: &Worker, is_release: bool) -> Result<PathBuf, Failure> {
    let not_run =
        |error: io::Error| Failure::new(format!("`cargo build` could not be run: {error}"));
    let mut cargo = worker.cargo("build");
    cargo.args(is_release.then_some("--release"));
    cargo.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut build = cargo.spawn().map_err(not_run)?;
    let mut program = None;
    if let Some(messages) = build.stdout.take() {
        for line in BufReader::new(messages).lines() {
            program = worker.executable(&line.map_err(not_run)?).or(program);
        }
    }
    let status = build.wait().map_err(not_run)?;
    if !status.success() {
        return Err(Failure::new(format!(
            "the worker does not build ({status}); see the errors above"
        )));
    }
    program
        .ok_or_else(|| Failure::new("cargo built the worker but did not report the program's path"))
}

/// A worker at its endpoint.
pub(super) struct Running {
    endpoint: runpod_local::Running,
    child: Child,
    is_log_shown: bool,
}

impl Running {
    /// Starts the worker and waits until it asks for jobs.
    pub(super) async fn start(
        program: &Path,
        worker: &Worker,
        file: &File,
        is_log_shown: bool,
    ) -> Result<Self, Failure> {
        let endpoint = runpod_local::Endpoint::new().bind("127.0.0.1", 0).await;
        let endpoint = endpoint.map_err(|error| {
            Failure::new(format!("the local endpoint could not be started: {error}"))
        })?;
        let mut command = Command::new(program);
        command
            .current_dir(worker.folder())
            .env("RUNPOD_RESULT_SPOOL", "off")
            .envs(file.variables())
            .envs(endpoint.worker_environment(Some(ID)))
            .stdin(Stdio::null())
            .stdout(log(is_log_shown)?)
            .stderr(log(is_log_shown)?)
            .kill_on_drop(true);
        let child = command.spawn().map_err(|error| {
            Failure::new(format!(
                "{} could not be started: {error}",
                program.display()
            ))
        })?;
        let mut running = Self {
            endpoint,
            child,
            is_log_shown,
        };
        tokio::select! {
            () = running.endpoint.attached(ID) => {}
            status = running.child.wait() => return Err(stopped(status, is_log_shown)),
        }
        Ok(running)
    }

    pub(super) fn url(&self) -> String {
        self.endpoint.url()
    }

    /// Waits until the worker has stopped by itself, and returns the reason.
    pub(super) async fn stopped(&mut self) -> Failure {
        stopped(self.child.wait().await, self.is_log_shown)
    }

    pub(super) async fn shut_down(mut self) {
        // The tests are over, so the worker need not finish anything. If it has already stopped, nothing is to do.
        let _ = self.child.kill().await;
        self.endpoint.shutdown().await;
    }
}

fn stopped(status: io::Result<std::process::ExitStatus>, is_log_shown: bool) -> Failure {
    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
    let log = if is_log_shown {
        "see its log above"
    } else {
        "--verbose shows its log"
    };
    Failure::new(format!(
        "the worker stopped during the tests ({status}); {log}"
    ))
}

/// Returns stderr for the worker's log. The result of the tests goes to stdout.
fn log(is_shown: bool) -> Result<Stdio, Failure> {
    if !is_shown {
        return Ok(Stdio::null());
    }
    let _ = io::stderr().flush();
    let stderr = io::stderr().as_fd().try_clone_to_owned();
    stderr
        .map(Stdio::from)
        .map_err(|error| Failure::new(format!("stderr cannot be passed to the worker: {error}")))
}
