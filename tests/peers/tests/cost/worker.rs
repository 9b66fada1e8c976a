//! The counting worker as a process.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::endpoint::Endpoint;

const PROGRAM: &str = env!("CARGO_BIN_EXE_counted-worker");

/// A running worker. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    child: Child,
    /// The worker's files.
    folder: PathBuf,
}

impl Counted {
    pub(crate) fn start(kind: &str, slots: usize, endpoint: &Endpoint) -> Self {
        let folder = folder(&format!("{kind}-{slots}"));
        let child = prepared(Command::new(PROGRAM), kind, slots, endpoint, &folder)
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    /// Runs a worker in valgrind until it exits by itself. Returns how many instructions it needed.
    pub(crate) fn instructions(endpoint: &Endpoint) -> u64 {
        let valgrind = env::var_os("RUNPOD_TEST_VALGRIND").unwrap_or_else(|| "valgrind".into());
        let folder = folder("instructions");
        let mut command = Command::new(valgrind);
        command
            .args(["--tool=cachegrind", "--cache-sim=no"])
            .arg(format!(
                "--cachegrind-out-file={}",
                folder.join("out").display()
            ))
            .arg(PROGRAM);
        let output = prepared(command, "value", 1, endpoint, &folder)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "the worker failed in valgrind: {text}"
        );
        // `==1234== I   refs:      1,234,567`
        let line = text.lines().find(|line| line.contains("I   refs:"));
        let digits: String = line
            .and_then(|line| line.rsplit(':').next())
            .unwrap_or_else(|| panic!("valgrind reported no count: {text}"))
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        digits.parse().unwrap()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // The worker may already have exited by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Returns an empty folder that only this test uses.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cost-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn prepared(
    mut command: Command,
    kind: &str,
    slots: usize,
    endpoint: &Endpoint,
    folder: &Path,
) -> Command {
    command
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("TMPDIR", folder)
        // With a spool, the worker would write a result to disk if the busy endpoint did not accept it immediately,
        // which costs more.
        .env("RUNPOD_RESULT_SPOOL", "off")
        .env("RUNPOD_LOG_LEVEL", "ERROR")
        // There must be no heartbeat during the count.
        .env("RUNPOD_PING_INTERVAL", "3600000")
        .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
        .env("RUNPOD_SKIP_GPU_CHECK", "true")
        .env("COUNTED_KIND", kind)
        .env("COUNTED_SLOTS", slots.to_string())
        .envs(endpoint.environment())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit());
    command
}
