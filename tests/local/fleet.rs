//! Workers as processes, attached to one endpoint.

use rustix::process::Pid;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};

use crate::peer::{self, Peer, Programs};

/// One worker. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) id: String,
    child: Child,
    stdin: ChildStdin,
    group: Option<Pid>,
}

impl Worker {
    /// Starts one. `kind` is a worker's name in `tests/peers`.
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
            .expect("a room can be made")
            .envs(endpoint.worker_environment(Some(&id)))
            .spawn()
            .expect("a worker starts");
        Self {
            stdin: child.stdin.take().expect("it is piped"),
            group: peer::pid(&child),
            child,
            id,
        }
    }

    /// Lets handlers go on that wait for a line on standard input, or will.
    pub(crate) async fn lines(&mut self, number: usize) {
        let lines = "\n".repeat(number);
        let written = self.stdin.write_all(lines.as_bytes()).await;
        written.expect("the worker reads its standard input");
    }

    /// SIGKILL, as the system does it when memory is short: to the worker, and not to the SDK's heartbeat, a process of
    /// its own that goes on naming the job.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.expect("it was started");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        peer::end_group(self.group);
    }
}
