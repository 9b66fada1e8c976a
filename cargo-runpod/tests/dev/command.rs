//! Runs the command as a process and reads its output.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::client::{Client, PATIENCE};
use crate::crate_under_edit::{Crate, built};

/// A running `cargo runpod dev`. [`Dev::end`] stops it and waits for it.
#[derive(Debug)]
pub(crate) struct Dev {
    child: Child,
    printed: Printed,
    places: [String; 2],
}

#[derive(Debug, Clone)]
struct Printed {
    text: Arc<Mutex<String>>,
    grown: watch::Sender<()>,
}

/// Returns the command, not yet started. Its environment contains no variables of Runpod.
pub(crate) fn dev(folder: &Path) -> Command {
    dev_of(Path::new(env!("CARGO_BIN_EXE_cargo-runpod")), folder)
}

/// Returns the same command of another copy of the program.
pub(crate) fn dev_of(program: &Path, folder: &Path) -> Command {
    let mut command = command(program, "dev", folder);
    command
        .env("CARGO_BUILD_JOBS", "2")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Returns `cargo runpod invoke` in the same way.
pub(crate) fn invoke(folder: &Path) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_cargo-runpod"));
    command(program, "invoke", folder)
}

fn command(program: &Path, name: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    without_our_variables(command.as_std_mut());
    command
        .args(["runpod", name])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", built())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Removes the variables of Runpod, and those that cargo sets for this test. With the latter, build scripts that read
/// them, such as ring's, would run again, both here and in the next build of the workspace.
pub(crate) fn without_our_variables(command: &mut std::process::Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["RUNPOD_", "CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"]
            .iter()
            .any(|of| text.starts_with(of))
        {
            command.env_remove(name);
        }
    }
}

impl Dev {
    pub(crate) fn start(of: &Crate, arguments: &[&str]) -> Self {
        let mut command = dev(of.folder());
        command.args(["--port", "0"]).args(arguments);
        Self::spawn(of, command)
    }

    /// Starts a command that [`dev`] has made, and that has its flags.
    pub(crate) fn spawn(of: &Crate, mut command: Command) -> Self {
        let mut child = command.spawn().expect("the command starts");
        let printed = Printed {
            text: Arc::default(),
            grown: watch::Sender::new(()),
        };
        printed.read(child.stdout.take().expect("the stream is piped"));
        printed.read(child.stderr.take().expect("the stream is piped"));
        Self {
            child,
            printed,
            places: of.places(),
        }
    }

    /// Waits until the endpoint's address is printed, and returns a client for it.
    pub(crate) async fn client(&self) -> Client {
        let line = self.says("the endpoint is at ").await;
        let (_, rest) = line
            .split_once("the endpoint is at ")
            .expect("the line has the address");
        let (url, _) = rest
            .split_once(": open")
            .expect("an address precedes this text");
        Client::of(url)
    }

    /// Waits for a line that contains this text.
    pub(crate) async fn says(&self, text: &str) -> String {
        self.says_again(text, 1).await
    }

    /// Waits for the n-th line that contains this text.
    pub(crate) async fn says_again(&self, text: &str, times: usize) -> String {
        let mut grown = self.printed.grown.subscribe();
        let hearing = async {
            loop {
                grown.borrow_and_update();
                let all = self.printed();
                let mut lines = all.lines().filter(|line| line.contains(text));
                if let Some(line) = lines.nth(times - 1) {
                    return line.to_owned();
                }
                grown.changed().await.expect("the output is still read");
            }
        };
        timeout(PATIENCE, hearing)
            .await
            .unwrap_or_else(|_| panic!("{text:?} was not printed, but\n{}", self.printed()))
    }

    pub(crate) fn printed(&self) -> String {
        self.printed
            .text
            .lock()
            .expect("no thread panics while it holds the lock")
            .clone()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        let id = id.and_then(Pid::from_raw).expect("the process is running");
        kill_process(id, signal).expect("the process is running");
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended
            .unwrap_or_else(|_| panic!("the command does not exit, but prints\n{}", self.printed()))
            .expect("the command was started")
    }

    /// Stops the command as Ctrl-C does, and checks that no process is left.
    pub(crate) async fn end(mut self) {
        self.signal(Signal::INT);
        let status = self.ended().await;
        assert!(status.success(), "{status}:\n{}", self.printed());
        assert_nothing_left(&self.places);
    }
}

impl Printed {
    fn read(&self, from: impl AsyncRead + Unpin + Send + 'static) {
        let printed = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(from).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = writeln!(
                    printed
                        .text
                        .lock()
                        .expect("no thread panics while it holds the lock"),
                    "{line}"
                );
                printed.grown.send_replace(());
            }
        });
    }
}

/// Checks that no process has one of these paths in its command line: the crate's folder, or its program.
/// The crate's name would not suffice, because another checkout may run the same tests.
pub(crate) fn assert_nothing_left(places: &[String; 2]) {
    let left: Vec<_> = places.iter().flat_map(|it| processes_with(it)).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

/// Returns the command lines of the processes that contain this text.
pub(crate) fn processes_with(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")
        .expect("/proc can be read")
        .flatten()
    {
        // For a process that has just exited, there is nothing to read.
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(text) {
            found.push(line);
        }
    }
    found
}
