//! `cargo build`, as a process that can be ended at any time.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, OnceLock};

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use super::group::Group;
use crate::selection::Worker;

#[derive(Debug)]
pub(super) struct CargoBuild {
    cargo: Group,
    messages: Lines<BufReader<ChildStdout>>,
    worker: Worker,
    resolved: Arc<OnceLock<Vec<u8>>>,
    executable: Option<PathBuf>,
}

impl CargoBuild {
    /// What cargo and rustc have to say goes to the terminal as it comes, in their own colours.
    ///
    /// `resolved` gets the lock file as cargo builds from it.
    pub(super) async fn start(
        worker: &Worker,
        release: bool,
        resolved: Arc<OnceLock<Vec<u8>>>,
    ) -> io::Result<Self> {
        let mut command = Command::from(worker.cargo("build"));
        command
            .args(release.then_some("--release"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut cargo = Group::spawn(&mut command).await?;
        let out = cargo.child().stdout.take();
        let out = out.ok_or_else(|| io::Error::other("its output is no pipe"))?;
        Ok(Self {
            cargo,
            messages: BufReader::new(out).lines(),
            worker: worker.clone(),
            resolved,
            executable: None,
        })
    }

    /// The program, or none where it does not build.
    ///
    /// Nothing is lost by dropping the future.
    pub(super) async fn ended(&mut self) -> io::Result<Option<PathBuf>> {
        while let Some(line) = self.messages.next_line().await? {
            // Cargo has read the lock file, and written it if need be, before its first message.
            self.resolved.get_or_init(|| self.worker.lock_file());
            self.executable = self.worker.executable(&line).or(self.executable.take());
        }
        let status = self.cargo.ended().await?;
        Ok(self.executable.take().filter(|_| status.success()))
    }

    /// Ends cargo, and the compilers that it has started.
    pub(super) async fn end(mut self) {
        self.cargo.terminate_all();
        // What does not end of itself is killed when cargo has ended.
        let _ = self.cargo.ended().await;
    }
}
