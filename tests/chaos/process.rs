//! Workers as processes.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, ExitStatus, Stdio};
use std::sync::OnceLock;

use rustix::process::{
    Pid, Resource, Signal, getrlimit, kill_process, kill_process_group, setrlimit,
    test_kill_process_group,
};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::output::{News, Output};

pub(crate) const API_KEY: &str = "rpa_chaos_key";

/// The kind of worker and its number of slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) handler: &'static str,
    pub(crate) slots: usize,
    pub(crate) refresh: bool,
    /// Whether to run the real SDK instead of our worker.
    pub(crate) is_sdk: bool,
}

impl Kind {
    pub(crate) const fn ours(handler: &'static str, slots: usize) -> Self {
        Self {
            handler,
            slots,
            refresh: false,
            is_sdk: false,
        }
    }

    pub(crate) const fn sdk(handler: &'static str, slots: usize) -> Self {
        Self {
            is_sdk: true,
            ..Self::ours(handler, slots)
        }
    }

    pub(crate) fn streams(self) -> bool {
        matches!(
            self.handler,
            "stream" | "iterator" | "emitter" | "aggregate"
        )
    }
}

/// A running worker.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    leader: Option<Pid>,
    output: Output,
}

/// Starts a worker in its room. Of this process's environment, the worker gets only `PATH`. Nothing reads the
/// worker's standard output yet.
pub(crate) fn start(
    kind: Kind,
    room: &Path,
    environment: &[(&str, String)],
    news: impl Fn(News<'_>) + Send + Sync + 'static,
) -> Result<Worker, String> {
    let mut program = if kind.is_sdk {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut sdk = Command::new(python(repository)?);
        sdk.arg(repository.join("tests/peers/chaos_peer.py"));
        sdk
    } else {
        Command::new(ours()?)
    };
    program
        .arg(kind.handler)
        .arg(kind.slots.to_string())
        .args(kind.refresh.then_some("refresh"))
        .current_dir(room)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", room)
        .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
        .env("RUNPOD_SKIP_GPU_CHECK", "true")
        .env("CHAOS_ANNOUNCE", "1")
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = program.spawn().map_err(|error| error.to_string())?;
    let leader = child
        .id()
        .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let mut output = Output::new(&room.join("output.log"), news);
    if let Some(errors) = child.stderr.take() {
        output.read(errors).map_err(|error| error.to_string())?;
    }
    Ok(Worker {
        child,
        leader,
        output,
    })
}

impl Worker {
    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.leader {
            // The process may already be gone. The test notices this when it waits for the process.
            let _ = kill_process(pid, signal);
        }
    }

    /// Reads the worker's standard output from now on.
    pub(crate) fn read_stdout(&mut self) -> io::Result<()> {
        match self.child.stdout.take() {
            Some(pipe) => self.output.read(pipe),
            None => Ok(()),
        }
    }

    /// Completes when the worker writes a line with this text after this call.
    pub(crate) fn says(&self, text: &str) -> impl Future<Output = ()> + use<> {
        self.output.says(text)
    }

    /// Returns the process id, so that a test can inspect the process from outside.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the process has exited and its last announcements were read.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        // The output ends only with the last process that holds the pipe.
        if !self.leaves_anybody() {
            self.output.end().await;
        }
        Ok(status)
    }

    /// Returns whether one of the worker's processes is still alive.
    pub(crate) fn leaves_anybody(&self) -> bool {
        self.leader
            .is_some_and(|leader| test_kill_process_group(leader).is_ok())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // Usually no process is left. The call then returns an error, which does not matter. Every worker leads its
            // own process group.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// Raises the file limit, because a thousand jobs at once need more sockets than some systems allow. Workers inherit
/// the limit.
pub(crate) fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // If the limit cannot be raised, the run itself shows whether the old limit is enough.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Returns the Python interpreter of the real SDK, if it is installed.
pub(crate) fn python(root: &Path) -> Result<PathBuf, String> {
    let python = env::var_os("RUNPOD_TEST_PYTHON")
        .map_or_else(|| root.join("target/sdk-venv/bin/python"), PathBuf::from);
    if python.exists() {
        Ok(python)
    } else {
        Err(format!(
            "{} does not exist, so no comparison with the real SDK is possible. `cargo xtask test` creates it and runs this suite.",
            python.display()
        ))
    }
}

/// Returns our program: the one that `RUNPOD_CHAOS_WORKER` names, or one that is built on first use.
fn ours() -> Result<&'static Path, String> {
    static OURS: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = OURS.get_or_init(|| match env::var_os("RUNPOD_CHAOS_WORKER") {
        Some(program) => Ok(program.into()),
        None => build(Path::new(env!("CARGO_MANIFEST_DIR"))),
    });
    found.as_deref().map_err(String::clone)
}

/// Builds the peer's crate. Cargo cannot express this dependency, because that crate depends on this package. The
/// features are those with which the whole workspace is tested. An example is built too, so that cargo includes the
/// dev-dependencies. With other options, cargo would build the dependencies again.
fn build(root: &Path) -> Result<PathBuf, String> {
    let mut command = process::Command::new(env!("CARGO"));
    for (name, _) in env::vars_os() {
        // Cargo sets these variables for this test's package. Build scripts that read them (such as ring's) would run
        // again.
        let about_us = name.to_string_lossy();
        if about_us.starts_with("CARGO_PKG_") || about_us.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
        .args(["build", "--workspace", "--all-features"])
        .args(["--bin=chaos-worker", "--example=hello"])
        .args(["--message-format", "json-render-diagnostics"])
        .args((!cfg!(debug_assertions)).then_some("--release"))
        .current_dir(root)
        .stderr(Stdio::inherit());
    let built = command
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !built.status.success() {
        return Err("chaos-worker does not compile, see above".into());
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let program = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let program = message["executable"].as_str()?;
        (message["target"]["name"] == "chaos-worker").then(|| PathBuf::from(program))
    });
    program.ok_or_else(|| "cargo built chaos-worker but reported no program".into())
}
