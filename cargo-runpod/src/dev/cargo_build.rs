//! A build as a process that can be stopped at any time. It is `cargo run`, so that cargo also tells how it starts the
//! program. A separate `cargo run` after the build could build again, for example because of a build script that runs
//! every time.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, OnceLock};

use cargo_metadata::Message;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{ChildStdout, Command};

use super::cargo_run::{CargoRun, Runner};
use super::group::Group;
use super::profile::Profile;
use super::scripts::Scripts;
use crate::selection::Worker;

/// Facts about a build that are known before it finishes.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The lock file that cargo builds from. It is set with cargo's first message.
    pub(super) resolved: OnceLock<Vec<u8>>,
    /// The build scripts that have finished.
    pub(super) scripts: Scripts,
}

#[derive(Debug)]
pub(super) struct CargoBuild {
    cargo: Group,
    output: BufReader<ChildStdout>,
    worker: Worker,
    progress: Arc<Progress>,
    runner: Runner,
}

/// A program that cargo has built.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) executable: PathBuf,
    pub(super) run: CargoRun,
}

impl CargoBuild {
    /// Starts cargo. Messages of cargo and rustc go straight to the terminal, in their own colours.
    pub(super) async fn start(
        worker: &Worker,
        profile: &Profile,
        progress: Arc<Progress>,
    ) -> io::Result<Self> {
        let runner = Runner::find().map_err(io::Error::other)?;
        let mut command = Command::from(worker.cargo("run"));
        command
            .args(profile.flags())
            .args(["--config", &runner.setting])
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut cargo = Group::spawn(&mut command).await?;
        let out = cargo.child().stdout.take();
        let out = out.ok_or_else(|| io::Error::other("cargo's output is not a pipe"))?;
        Ok(Self {
            cargo,
            output: BufReader::new(out),
            worker: worker.clone(),
            progress,
            runner,
        })
    }

    /// Waits for cargo and returns the program, or `None` if the build fails.
    pub(super) async fn ended(&mut self) -> io::Result<Option<Built>> {
        let mut executable = None;
        let mut line = String::new();
        loop {
            line.clear();
            if self.output.read_line(&mut line).await? == 0 {
                break;
            }
            // Before its first message, cargo has read the lock file and, if necessary, updated it.
            self.progress
                .resolved
                .get_or_init(|| self.worker.lock_file());
            self.progress.scripts.hear(&line);
            executable = self.worker.executable(&line).or(executable);
            if let Ok(Message::BuildFinished(_)) = serde_json::from_str(&line) {
                break;
            }
        }
        // After the build, the runner prints.
        let mut told = Vec::new();
        self.output.read_to_end(&mut told).await?;
        let status = self.cargo.ended().await?;
        let Some(executable) = executable.filter(|_| status.success()) else {
            return Ok(None);
        };
        match CargoRun::parse(&told, &self.runner) {
            Some(run) => Ok(Some(Built { executable, run })),
            None => Err(io::Error::other(
                "`cargo run` did not start the program through this tool",
            )),
        }
    }

    /// Stops cargo and the compilers that it has started.
    pub(super) async fn end(mut self) {
        self.cargo.terminate_all();
        // Compilers that do not stop by themselves are killed once cargo has exited.
        let _ = self.cargo.ended().await;
    }
}
