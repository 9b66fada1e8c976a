//! A child process that leads a process group of its own. Ctrl-C in the terminal does not reach the group, and all
//! processes in the group can be stopped together.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::{Child, Command};

/// How often to retry starting a program whose file is still open for writing. Another thread that is just starting a
/// process may hold such a file open for a moment.
const ATTEMPTS: u32 = 50;

#[derive(Debug)]
pub(super) struct Group {
    child: Child,
    head: Option<Pid>,
    has_ended: bool,
}

impl Group {
    pub(super) async fn spawn(command: &mut Command) -> io::Result<Self> {
        command.process_group(0).kill_on_drop(true);
        let mut attempt = 1;
        let child = loop {
            match command.spawn() {
                Err(error)
                    if error.kind() == io::ErrorKind::ExecutableFileBusy && attempt < ATTEMPTS =>
                {
                    attempt += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                spawned => break spawned?,
            }
        };
        let head = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        Ok(Self {
            child,
            head,
            has_ended: false,
        })
    }

    /// Returns the child, so the caller can take its pipes.
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Sends SIGTERM to the leader only, because the leader may still need the processes that it has started.
    pub(super) fn terminate(&self) {
        if let Some(head) = self.head.filter(|_| !self.has_ended) {
            // This fails if the process has just exited.
            let _ = kill_process(head, Signal::TERM);
        }
    }

    /// Sends SIGTERM to the whole group.
    pub(super) fn terminate_all(&self) {
        self.signal_all(Signal::TERM);
    }

    pub(super) fn kill_all(&self) {
        self.signal_all(Signal::KILL);
    }

    /// Waits for the leader to exit, then kills the rest of the group, as happens in a container.
    ///
    /// This method is cancel safe.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.kill_all();
        self.has_ended = true;
        Ok(status)
    }

    fn signal_all(&self, signal: Signal) {
        if let Some(head) = self.head.filter(|_| !self.has_ended) {
            let _ = kill_process_group(head, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill_all();
    }
}
