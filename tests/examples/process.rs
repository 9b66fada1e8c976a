//! An example as a process.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

/// How long a test waits for anything before it counts as hung. Far above what any of them takes; nothing else here looks
/// at a clock.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// How a process ended, and all that it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) text: String,
}

impl Ended {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) {
        assert_eq!(self.code(), Some(code), "{self}");
    }

    #[track_caller]
    pub(crate) fn assert_shows(&self, parts: &[&str]) {
        for part in parts {
            assert!(
                self.text.contains(part),
                "{part:?} is not in what it wrote. {self}"
            );
        }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "It ended with {} and wrote:\n{}",
            self.status, self.text
        )
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Self {
            status: output.status,
            text,
        }
    }
}

/// The example `name`, ready to be started: with none of this machine's `RUNPOD_` variables, in a folder of no meaning,
/// and ended with the test that started it.
pub(crate) fn example(name: &str) -> Command {
    isolated(binary(name))
}

/// Any program under the same conditions.
pub(crate) fn isolated(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for (variable, _) in env::vars_os() {
        if variable.to_string_lossy().starts_with("RUNPOD_") {
            command.env_remove(variable);
        }
    }
    // A result that is kept for the next start would be offered to the next test.
    command.env("RUNPOD_RESULT_SPOOL", "off");
    // Some write a draft among the temporary files of this machine, and leave it there.
    command.env("TMPDIR", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// `cargo test` builds the examples into the folder next to the tests'.
pub(crate) fn binary(name: &str) -> PathBuf {
    let this = env::current_exe().expect("a running test knows its own file");
    let built = this
        .ancestors()
        .nth(2)
        .expect("a test lies in target/<profile>/deps");
    let file = built
        .join("examples")
        .join(name)
        .with_extension(env::consts::EXE_EXTENSION);
    assert!(
        file.is_file(),
        "{} is not there. `cargo test` builds the examples, `cargo test --test examples` does not: run `cargo build --examples`.",
        file.display()
    );
    file
}

/// Runs the example `name` on one job, as a developer does: `--test_input JOB`.
pub(crate) async fn on_test_input(name: &str, job: &Value) -> Ended {
    let mut command = example(name);
    command.arg("--test_input").arg(job.to_string());
    let run = tokio::time::timeout(PATIENCE, command.output()).await;
    run.unwrap_or_else(|_| panic!("`{name}` did not end on {job}"))
        .expect("the example starts")
        .into()
}
