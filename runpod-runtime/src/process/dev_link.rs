//! The connection to `cargo runpod dev`, if that command has started this process.
//!
//! The command passes one end of a socket pair as standard input and sets [`VARIABLE`]. The connection has two purposes:
//!
//! - The worker writes its log lines to it as JSON. A line that a handler prints goes to standard output, so it cannot
//!   pass for a log line.
//! - The connection closes when the command exits for any reason, even by SIGKILL. The worker then kills its process
//!   group, which is its own (see `cargo-runpod/src/dev/group.rs`). This also works if the command exits before the
//!   worker gets here.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};
use std::thread;

use rustix::process::{Signal, kill_current_process_group};

/// The variable that `cargo runpod dev` sets to [`STDIN`].
const VARIABLE: &str = "RUNPOD_DEV_LINK";
/// The only value of the variable.
const STDIN: &str = "stdin";

static LINK: OnceLock<Option<Arc<UnixStream>>> = OnceLock::new();

/// Returns the connection, or `None` if another program has started this process. The first call replaces standard
/// input by `/dev/null`, so that handlers and their child processes find no socket there.
pub(crate) fn dev_link() -> Option<Arc<UnixStream>> {
    let open = || {
        let is_set = std::env::var_os(VARIABLE).is_some_and(|value| value == STDIN);
        // A child process of a worker inherits the variable, but not the socket. So a failure is no problem.
        is_set.then(|| open().ok().flatten()).flatten()
    };
    LINK.get_or_init(open).clone()
}

fn open() -> io::Result<Option<Arc<UnixStream>>> {
    let stdin: OwnedFd = rustix::stdio::stdin().try_clone_to_owned()?;
    let stdin = File::from(stdin);
    if !stdin.metadata()?.file_type().is_socket() {
        return Ok(None);
    }
    let link = Arc::new(UnixStream::from(OwnedFd::from(stdin)));
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let watched = Arc::clone(&link);
    thread::Builder::new()
        .name("runpod-dev".to_owned())
        .spawn(move || exit_with(&watched))?;
    Ok(Some(link))
}

/// Waits until the other end is closed, then kills this process and its child processes.
fn exit_with(link: &UnixStream) {
    let mut nothing = [0; 64];
    loop {
        let mut link = link;
        match link.read(&mut nothing) {
            Ok(0) => break,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
            _ => {}
        }
    }
    // Nobody receives the results of the running jobs, because the queue is gone, too.
    let _ = kill_current_process_group(Signal::KILL);
}
