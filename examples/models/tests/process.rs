//! The worker of an example as a process, and the programs in Python that it is compared with. The tests of each example
//! contain this file.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use std::{env, thread};

/// How long a test waits before it fails. No test measures time.
const PATIENCE: Duration = Duration::from_mins(5);

/// Begins the names of variables that change what a worker does.
const OURS: [&str; 4] = ["RUNPOD_", "MODEL_", "OPENAI_", "RUST_BACKTRACE"];

/// A running worker with its local endpoint. It is killed when this value is dropped.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    pub(crate) url: String,
}

/// Returns a path from a variable that `cargo xtask models` sets.
pub(crate) fn variable(name: &str) -> PathBuf {
    env::var_os(name)
        .unwrap_or_else(|| panic!("{name} is not set: run `cargo xtask models`"))
        .into()
}

/// Returns a command that runs `program` with these weights, and without this machine's variables for workers.
fn command(program: &str, weights: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars() {
        if OURS.iter().any(|beginning| name.starts_with(beginning)) {
            command.env_remove(name);
        }
    }
    command
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .env("TMPDIR", env!("CARGO_TARGET_TMPDIR"))
        .env("RUNPOD_RESULT_SPOOL", "off")
        // The built-in checks test the machine, not the example.
        .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true")
        .env("MODEL_DIR", weights)
        .stdin(Stdio::null());
    command
}

impl Process {
    pub(crate) fn start(program: &str, weights: &Path, more: &[&str]) -> Self {
        let mut child = command(program, weights)
            .args(["--rp_serve_api", "--rp_api_port", "0"])
            .args(more)
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
        let mut process = Self {
            child,
            lines,
            seen: Vec::new(),
            url: String::new(),
        };
        let line = process.line_with("The local endpoint is at ");
        let (_, rest) = line.split_once(" is at ").expect("the line has the URL");
        let (url, _) = rest.split_once(": ").expect("a colon follows the URL");
        url.clone_into(&mut process.url);
        process
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
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Checks that the worker does not start with these weights, with and without backtraces, and that its output has these
/// parts. A worker that accepts the weights would run the job, and end.
#[track_caller]
pub(crate) fn assert_refused(program: &str, weights: &Path, expected: &[&str]) {
    for backtrace in ["0", "1"] {
        let output = command(program, weights)
            .args(["--test_input", r#"{"input": {}}"#])
            .env("RUST_BACKTRACE", backtrace)
            .output()
            .expect("the worker runs");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert_eq!(output.status.code(), Some(1), "{text}");
        for part in expected.iter().chain(&[&*weights.display().to_string()]) {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
}

/// Runs a program of the example's tests, which must succeed, and returns its output.
pub(crate) fn python(program: &str, arguments: &[&Path]) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(program);
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(variable("RUNPOD_TEST_PYTHON"))
        // Without `-B`, Python would write files next to the program.
        .arg("-B")
        .arg(&program)
        .args(arguments)
        .output()
        .expect("Python runs");
    let text = String::from_utf8_lossy(&stdout).into_owned();
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{}: {text}{errors}", program.display());
    text
}
