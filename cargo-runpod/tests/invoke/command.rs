//! Runs `cargo runpod invoke` as a process.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use snapbox::assert::DEFAULT_ACTION_ENV;
use snapbox::cmd::cargo_bin;
use snapbox::{Assert, IntoData};

use crate::stage::{KEY, PATIENCE, Stage};

/// Returns the command with none of this machine's `RUNPOD_` variables, in an empty folder.
pub(crate) fn bare(room: &Path) -> Command {
    tool(room, &["invoke"])
}

/// Returns another command of the tool in the same form.
pub(crate) fn tool(room: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("cargo-runpod"));
    command.arg("runpod").args(words).current_dir(room);
    for (variable, _) in env::vars_os() {
        if variable.to_string_lossy().starts_with("RUNPOD_") {
            command.env_remove(variable);
        }
    }
    // This machine appears to have a proxy for all addresses.
    command
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env_remove("NO_PROXY");
    command
}

/// Returns the command for the endpoint of a stage.
pub(crate) fn at(stage: &Stage) -> Command {
    let mut command = bare(stage.room());
    command.args(["--url", &stage.url()]);
    command
}

/// The result of a process. Ids and addresses are replaced, so they are the same in every run.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn run(stage: &Stage, arguments: &[&str]) -> Ran {
    let mut command = at(stage);
    command.args(arguments);
    finish(stage, command, "")
}

/// Runs another command of the tool at the endpoint of a stage.
pub(crate) fn run_tool(stage: &Stage, words: &[&str]) -> Ran {
    let mut command = tool(stage.room(), words);
    command.args(["--url", &stage.url()]);
    finish(stage, command, "")
}

pub(crate) fn finish(stage: &Stage, command: Command, stdin: &str) -> Ran {
    let output = snapbox::cmd::Command::from_std(command)
        .stdin(stdin)
        .timeout(PATIENCE)
        .output()
        .expect("the command starts");
    Ran::of(stage, output)
}

impl Ran {
    pub(crate) fn of(stage: &Stage, output: Output) -> Self {
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("the output is UTF-8");
            assert!(!text.contains(KEY), "it shows the key: {text}");
            without_ids(&text.replace(&stage.url(), "[URL]"))
        };
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    #[track_caller]
    pub(crate) fn assert(&self, code: i32, stdout: impl IntoData, stderr: impl IntoData) {
        let told = format!("stdout:\n{}stderr:\n{}", self.stdout, self.stderr);
        assert_eq!(self.code, Some(code), "{told}");
        // Backslashes in these texts are not path separators.
        let snapshots = Assert::new()
            .action_env(DEFAULT_ACTION_ENV)
            .normalize_paths(false);
        snapshots.eq(self.stdout.as_str(), stdout);
        snapshots.eq(self.stderr.as_str(), stderr);
    }
}

/// Replaces job ids. An id has 36 characters followed by `-l1`.
fn without_ids(text: &str) -> String {
    let mut rest = text;
    let mut without = String::new();
    while let Some(at) = rest.find("-l1") {
        let (before, after) = rest.split_at(at);
        match before
            .len()
            .checked_sub(36)
            .and_then(|start| before.get(start..).map(|id| (start, id)))
        {
            Some((start, id)) if id.chars().all(|c| c.is_ascii_hexdigit() || c == '-') => {
                without.push_str(&before[..start]);
                without.push_str("[ID]");
            }
            _ => {
                without.push_str(before);
                without.push_str("-l1");
            }
        }
        rest = &after[3..];
    }
    without + rest
}

/// A process that is observed while it runs.
pub(crate) struct Watched {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: BufReader<ChildStderr>,
}

impl Watched {
    pub(crate) fn start(stage: &Stage, arguments: &[&str]) -> Self {
        let mut command = at(stage);
        command.args(arguments);
        Self::of(command)
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let stdout = child.stdout.take().expect("the stream is piped");
        let stderr = child.stderr.take().expect("the stream is piped");
        Self {
            child,
            stdout: Some(BufReader::new(stdout)),
            stderr: BufReader::new(stderr),
        }
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let stdout = self.stdout.as_mut().expect("the output is still read");
        stdout.read_line(&mut line).expect("the output is UTF-8");
        line
    }

    /// Waits for a line with this text. Returns the job's id, with which lines of `--verbose` begin.
    pub(crate) fn waits_until_it_says(&mut self, part: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let length = self
                .stderr
                .read_line(&mut line)
                .expect("the output is UTF-8");
            assert!(length > 0, "the process exited and never printed {part:?}");
            if line.contains(part) {
                let id = line.trim_start_matches("job ").split(':').next();
                return id.unwrap_or_default().to_owned();
            }
        }
    }

    pub(crate) fn stop_reading(&mut self) {
        self.stdout = None;
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the process is running");
    }

    pub(crate) fn end(mut self, stage: &Stage) -> Ran {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        if let Some(reader) = &mut self.stdout {
            reader
                .read_to_end(&mut stdout)
                .expect("the output can be read");
        }
        self.stderr
            .read_to_end(&mut stderr)
            .expect("the output can be read");
        let status = self.child.wait().expect("the process exits");
        let output = Output {
            status,
            stdout,
            stderr,
        };
        Ran::of(stage, output)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
