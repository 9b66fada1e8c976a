//! `cargo build` as a process that can be stopped at any time.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

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
    messages: Lines<BufReader<ChildStdout>>,
    worker: Worker,
    progress: Arc<Progress>,
    executable: Option<PathBuf>,
}

impl CargoBuild {
    /// Starts cargo. Messages of cargo and rustc go straight to the terminal, in their own colours.
    pub(super) async fn start(
        worker: &Worker,
        profile: &Profile,
        progress: Arc<Progress>,
    ) -> io::Result<Self> {
        let mut command = Command::from(worker.cargo("build"));
        command
            .args(profile.flags())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut cargo = Group::spawn(&mut command).await?;
        let out = cargo.child().stdout.take();
        let out = out.ok_or_else(|| io::Error::other("cargo's output is not a pipe"))?;
        Ok(Self {
            cargo,
            messages: BufReader::new(out).lines(),
            worker: worker.clone(),
            progress,
            executable: None,
        })
    }

    /// Waits for cargo and returns the program, or `None` if the build fails.
    ///
    /// This method is cancel safe.
    pub(super) async fn ended(&mut self) -> io::Result<Option<PathBuf>> {
        while let Some(line) = self.messages.next_line().await? {
            // Before its first message, cargo has read the lock file and, if necessary, updated it.
            self.progress
                .resolved
                .get_or_init(|| self.worker.lock_file());
            self.progress.scripts.hear(&line);
            self.executable = self.worker.executable(&line).or(self.executable.take());
        }
        let status = self.cargo.ended().await?;
        Ok(self.executable.take().filter(|_| status.success()))
    }

    /// Stops cargo and the compilers that it has started.
    pub(super) async fn end(mut self) {
        self.cargo.terminate_all();
        // Compilers that do not stop by themselves are killed once cargo has exited.
        let _ = self.cargo.ended().await;
    }
}
