//! Runs workers as processes, attached to one endpoint.

use rustix::process::Pid;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};

use crate::peer::{self, Peer, Programs};

/// A worker, which is killed when this value is dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) id: String,
    child: Child,
    stdin: ChildStdin,
    group: Option<Pid>,
}

impl Worker {
    /// Starts a worker. `kind` is its name in `tests/peers`.
    pub(crate) fn attach(
        endpoint: &runpod_local::Running,
        test: &str,
        peer: Peer,
        kind: &str,
    ) -> Self {
        let programs = Programs::find().unwrap_or_else(|error| panic!("{error}"));
        let id = format!("{}-{kind}", peer.name());
        let room = programs.folder.with_file_name("local").join(test).join(&id);
        let mut child = programs
            .command(peer, kind, &room)
            .expect("the worker's folder can be created")
            .envs(endpoint.worker_environment(Some(&id)))
            .spawn()
            .expect("the worker starts");
        Self {
            stdin: child.stdin.take().expect("standard input is piped"),
            group: peer::pid(&child),
            child,
            id,
        }
    }

    /// Writes lines to standard input. Each line lets one handler continue that waits for a line, now or later.
    pub(crate) async fn lines(&mut self, number: usize) {
        let lines = "\n".repeat(number);
        let written = self.stdin.write_all(lines.as_bytes()).await;
        written.expect("the worker reads its standard input");
    }

    /// Sends SIGKILL to the worker, as the system does if memory runs out. The SDK's heartbeat is a separate process,
    /// which stays alive and continues to name the job.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("the worker can be killed");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        peer::end_group(self.group);
    }
}
