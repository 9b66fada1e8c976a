//! The two workers as processes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::sync::OnceLock;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use tokio::process::{Child, Command};

/// One of the two workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Sdk,
    Ours,
}

impl Peer {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sdk => "sdk",
            Self::Ours => "ours",
        }
    }
}

/// The paths of the two programs, and a folder for the files that the runs leave behind.
#[derive(Debug)]
pub(crate) struct Programs {
    python: PathBuf,
    script: PathBuf,
    ours: PathBuf,
    pub(crate) folder: PathBuf,
}

impl Programs {
    /// Finds the Python interpreter with the SDK and builds our worker, on first use.
    pub(crate) fn find() -> Result<&'static Self, String> {
        static PROGRAMS: OnceLock<Result<Programs, String>> = OnceLock::new();
        PROGRAMS
            .get_or_init(Self::look)
            .as_ref()
            .map_err(String::clone)
    }

    fn look() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = std::env::var_os("RUNPOD_TEST_PYTHON")
            .map_or_else(|| root.join("target/sdk-venv/bin/python"), PathBuf::from);
        if !python.exists() {
            return Err(format!(
                "{} does not exist, so the real SDK cannot be run. `cargo xtask test` creates it and runs this suite.",
                python.display()
            ));
        }
        // Cargo gives integration tests a folder in the target folder. The program is in a folder next to it.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("conformance");
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        Ok(Self {
            python,
            script: root.join("tests/peers/python_peer.py"),
            // `RUNPOD_TEST_WORKER` names an existing program, such as one from a release build.
            ours: std::env::var_os("RUNPOD_TEST_WORKER")
                .map_or_else(|| build_ours(root), |program| Ok(program.into()))?,
            folder,
        })
    }

    /// Returns the Python interpreter, which also has `requests`.
    #[cfg(feature = "http")]
    pub(crate) fn python(&self) -> &Path {
        &self.python
    }

    /// Prepares a process of one of the workers but does not start it. Of this process's environment, the worker gets
    /// only `PATH`.
    pub(crate) fn command(&self, peer: Peer, worker: &str, room: &Path) -> io::Result<Command> {
        // A separate room, so that the worker sees no `test_input.json` of another case and no credentials of the user.
        if room.exists() {
            fs::remove_dir_all(room)?;
        }
        fs::create_dir_all(room)?;
        let mut command = match peer {
            Peer::Sdk => {
                let mut command = Command::new(&self.python);
                command.arg(&self.script);
                command
            }
            Peer::Ours => Command::new(&self.ours),
        };
        let output = File::create(room.join("output.log"))?;
        command
            .args(worker.split(' '))
            .current_dir(room)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", room)
            // If a worker is killed, its results stay in its room, for the next worker in that room. They must not
            // end up on this machine's network volume or reach a worker of another test.
            .env("RUNPOD_RESULT_SPOOL", room.join("spool"))
            .env("TMPDIR", room)
            // The built-in checks inspect the machine and have nothing to do with the protocol.
            .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
            .env("RUNPOD_SKIP_GPU_CHECK", "true")
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .kill_on_drop(true);
        Ok(command)
    }
}

/// Builds the peer's crate. Cargo cannot express this dependency, because that crate depends on this package. The
/// features are those with which the whole workspace is tested. An example is built too, so that cargo includes the
/// dev-dependencies. With other options, the dependencies would be built again.
fn build_ours(root: &Path) -> Result<PathBuf, String> {
    let mut cargo = process::Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        // Cargo sets these variables for this test's package. Build scripts that read them (such as ring's) would run
        // again, here and in the next build, and everything that depends on them would be built again.
        let about_us = name.to_string_lossy();
        if about_us.starts_with("CARGO_PKG_") || about_us.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    let built = cargo
        .args(["build", "--workspace", "--all-features"])
        .args(["--bin=rust-peer", "--example=hello"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !built.status.success() {
        return Err("rust-peer does not compile, see above".into());
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let program = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let program = message["executable"].as_str()?;
        (message["target"]["name"] == "rust-peer").then(|| PathBuf::from(program))
    });
    program.ok_or_else(|| "cargo built rust-peer but reported no program".into())
}

/// Sends a signal to the worker's own process, like a container runtime does.
pub(crate) fn signal(child: &Child, signal: Signal) {
    if let Some(pid) = pid(child) {
        // The process may already be gone. The caller notices this when it waits for the process.
        let _ = kill_process(pid, signal);
    }
}

/// Kills the remaining processes of a worker, because the SDK may have split in two. Every worker leads its own process
/// group.
pub(crate) fn end_group(leader: Option<Pid>) {
    if let Some(leader) = leader {
        // Usually no process is left. The call then returns an error, which does not matter.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

/// Returns the process id as long as nobody has waited for the process.
pub(crate) fn pid(child: &Child) -> Option<Pid> {
    let id = i32::try_from(child.id()?).ok()?;
    Pid::from_raw(id)
}
