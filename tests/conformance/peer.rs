//! The two workers as processes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::sync::OnceLock;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use tokio::process::{Child, Command};

/// Whose worker it is.
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

/// Where the two programs are, and a folder for what the runs leave behind.
#[derive(Debug)]
pub(crate) struct Programs {
    python: PathBuf,
    script: PathBuf,
    ours: PathBuf,
    pub(crate) folder: PathBuf,
}

impl Programs {
    /// Finds the interpreter with the SDK and builds our worker, on first use.
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
                "there is no {}, so the real SDK cannot be asked. `cargo xtask test` makes it and runs this suite.",
                python.display()
            ));
        }
        // Beside the folder that cargo gives to integration tests, which is in the target folder.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("conformance");
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        Ok(Self {
            python,
            script: root.join("tests/peers/python_peer.py"),
            // `RUNPOD_TEST_WORKER`: a program that is there already, such as the one of a release build.
            ours: std::env::var_os("RUNPOD_TEST_WORKER")
                .map_or_else(|| build_ours(root), |program| Ok(program.into()))?,
            folder,
        })
    }

    /// A process of one of the workers, with nothing of our environment but the path. Not yet started.
    pub(crate) fn command(&self, peer: Peer, worker: &str, room: &Path) -> io::Result<Command> {
        // A room of its own: no `test_input.json` of another case, no credentials of the user.
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
            .arg(worker)
            .current_dir(room)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", room)
            // Results of a worker that was killed are kept in its room, for the next worker there: never on this machine's
            // network volume, and not for a worker of another test.
            .env("RUNPOD_RESULT_SPOOL", room.join("spool"))
            .env("TMPDIR", room)
            // The built-in checks look at the machine, not at the protocol.
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

/// The dependency on the peer's crate cannot be told to cargo (it depends on this package), so it is built here: with the
/// features that the whole workspace is tested with, and with an example, so that cargo counts the dependencies of tests in.
/// Anything else would have the dependencies built once more.
fn build_ours(root: &Path) -> Result<PathBuf, String> {
    let mut cargo = process::Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        // What cargo tells this test of its package. Build scripts that look at it (ring's) would run again, here and in
        // the next build, with all that is built upon them.
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
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if !built.status.success() {
        return Err("rust-peer does not compile, see above".into());
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let program = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let program = message["executable"].as_str()?;
        (message["target"]["name"] == "rust-peer").then(|| PathBuf::from(program))
    });
    program.ok_or_else(|| "cargo built rust-peer but names no program".into())
}

/// Sends a signal to the worker's own process, as a container runtime does.
pub(crate) fn signal(child: &Child, signal: Signal) {
    if let Some(pid) = pid(child) {
        // It may be gone already, which the caller sees when it waits for it.
        let _ = kill_process(pid, signal);
    }
}

/// Ends what is left of a worker that the SDK may have split in two. Every worker leads a group of its own.
pub(crate) fn end_group(leader: Option<Pid>) {
    if let Some(leader) = leader {
        // Mostly nothing is left, which is an error here and fine.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

/// The process's id while it has not been waited for.
pub(crate) fn pid(child: &Child) -> Option<Pid> {
    let id = i32::try_from(child.id()?).ok()?;
    Pid::from_raw(id)
}
