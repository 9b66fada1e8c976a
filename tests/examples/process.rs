//! Runs an example as a process.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

/// The time after which a test counts as hung. It is far longer than any test takes. Nothing else in these tests
/// depends on time.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The exit status of a process, and its whole output.
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
                "the output does not contain {part:?}. {self}"
            );
        }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "The process exited with {} and wrote:\n{}",
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

/// Returns a command for the example `name`, without the `RUNPOD_` and `OTEL_` variables of this machine and in a
/// folder without relevant files. The process is killed when the test ends.
pub(crate) fn example(name: &str) -> Command {
    isolated(binary(name))
}

/// Returns a command for any program under the same conditions.
pub(crate) fn isolated(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("RUNPOD_") || name.starts_with("OTEL_") {
            command.env_remove(variable);
        }
    }
    // Without this, the next test's worker would post a result that this test's worker has kept.
    command.env("RUNPOD_RESULT_SPOOL", "off");
    // The machine of the tests need not be fit for jobs.
    command.env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "true");
    command.env("RUNPOD_SKIP_GPU_CHECK", "true");
    // Some examples write temporary files and do not delete them.
    command.env("TMPDIR", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Returns the path of a built example. `cargo test` builds the examples into a folder next to that of the tests.
pub(crate) fn binary(name: &str) -> PathBuf {
    let this = env::current_exe().expect("the test knows its own path");
    let built = this
        .ancestors()
        .nth(2)
        .expect("the test is in target/<profile>/deps");
    let file = built
        .join("examples")
        .join(name)
        .with_extension(env::consts::EXE_EXTENSION);
    assert!(
        file.is_file(),
        "{} does not exist. `cargo test` builds the examples, but `cargo test --test examples` does not: run \
         `cargo build --examples`.",
        file.display()
    );
    file
}

/// Runs the example `name` on one job, like a developer: `--test_input JOB`.
pub(crate) async fn on_test_input(name: &str, job: &Value) -> Ended {
    let mut command = example(name);
    command.arg("--test_input").arg(job.to_string());
    let run = tokio::time::timeout(PATIENCE, command.output()).await;
    run.unwrap_or_else(|_| panic!("`{name}` did not exit after the job {job}"))
        .expect("the example starts")
        .into()
}
