//! `cargo runpod invoke` as a process.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use snapbox::assert::DEFAULT_ACTION_ENV;
use snapbox::cmd::cargo_bin;
use snapbox::{Assert, IntoData};

use crate::stage::{KEY, PATIENCE, Stage};

/// With nothing of this machine's `RUNPOD_` variables, in a folder of its own.
pub(crate) fn bare(room: &Path) -> Command {
    let mut command = Command::new(cargo_bin!("cargo-runpod"));
    command.args(["runpod", "invoke"]).current_dir(room);
    for (variable, _) in env::vars_os() {
        if variable.to_string_lossy().starts_with("RUNPOD_") {
            command.env_remove(variable);
        }
    }
    // A machine with a proxy for all that is not named.
    command
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env_remove("NO_PROXY");
    command
}

/// Aimed at the endpoint of a stage.
pub(crate) fn at(stage: &Stage) -> Command {
    let mut command = bare(stage.room());
    command.args(["--url", &stage.url()]);
    command
}

/// What a process left behind, with ids and addresses made the same for every run.
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
            let text = String::from_utf8(bytes).expect("it writes text");
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
        // Backslashes are no paths here.
        let snapshots = Assert::new()
            .action_env(DEFAULT_ACTION_ENV)
            .normalize_paths(false);
        snapshots.eq(self.stdout.as_str(), stdout);
        snapshots.eq(self.stderr.as_str(), stderr);
    }
}

/// The id of a job is 36 characters and `-l1`.
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

/// One that is watched while it runs.
pub(crate) struct Watched {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: BufReader<ChildStderr>,
}

impl Watched {
    pub(crate) fn start(stage: &Stage, arguments: &[&str]) -> Self {
        let mut child = at(stage)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        Self {
            child,
            stdout: Some(BufReader::new(stdout)),
            stderr: BufReader::new(stderr),
        }
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let stdout = self.stdout.as_mut().expect("it is still read");
        stdout.read_line(&mut line).expect("it writes text");
        line
    }

    /// The job's id, from the first line of `--verbose` that tells of something.
    pub(crate) fn waits_until_it_says(&mut self, part: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let length = self.stderr.read_line(&mut line).expect("it writes text");
            assert!(length > 0, "it ended and never said {part:?}");
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
        kill_process(pid, signal).expect("it runs");
    }

    pub(crate) fn end(mut self, stage: &Stage) -> Ran {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        if let Some(reader) = &mut self.stdout {
            reader.read_to_end(&mut stdout).expect("it can be read");
        }
        self.stderr
            .read_to_end(&mut stderr)
            .expect("it can be read");
        let status = self.child.wait().expect("it ends");
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
