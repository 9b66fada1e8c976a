//! New workers, built as users build them.
//!
//! They are created in a folder below the workspace's target folder and built in that target folder, like all crates
//! that tests create. Their dependencies are therefore compiled only once, and later runs find everything.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use crate::command;

/// The profile of the template `model` optimises the dependencies. The worker does the same without optimisation, and
/// then shares its dependencies with the other workers. Otherwise, they would take minutes to compile.
const FAST: &str = "[profile.dev.package.\"*\"]\nopt-level = 0\n";

static WORKERS: [LazyLock<Worker>; 3] = [
    LazyLock::new(|| Worker::build("basic")),
    LazyLock::new(|| Worker::build("stream")),
    LazyLock::new(|| Worker::build("model")),
];

/// Returns a worker of each template.
pub(crate) fn workers() -> impl Iterator<Item = &'static Worker> {
    WORKERS.iter().map(|worker| &**worker)
}

/// Returns the worker of the template `model`.
pub(crate) fn model() -> &'static Worker {
    &WORKERS[2]
}

/// A new worker that has been built without warnings.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) template: &'static str,
    pub(crate) folder: PathBuf,
}

impl Worker {
    fn build(template: &'static str) -> Self {
        let worker = Self::make(template, "new");
        let built = worker.cargo(&["build", "--offline"]);
        worker.assert_clean(&built);
        worker
    }

    /// Creates a worker whose name begins with `prefix`, without building it.
    pub(crate) fn make(template: &'static str, prefix: &str) -> Self {
        Self::make_in(&home().join("workers"), template, prefix)
    }

    /// Creates a worker in a folder of this folder.
    pub(crate) fn make_in(parent: &Path, template: &'static str, prefix: &str) -> Self {
        let folder = parent.join(format!("{prefix}-{template}"));
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("the files of an earlier run can be removed");
        }
        let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        command::new_worker(&["--template", template, "--runpod-path", ours])
            .arg(&folder)
            .assert()
            .success();
        lock(&folder);
        Self { template, folder }
    }

    /// Runs `cargo` in the worker's folder.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Output {
        let mut command = cargo();
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", target());
        command.output().expect("cargo runs")
    }

    /// Runs the program in the worker's folder.
    pub(crate) fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String) {
        let program = target()
            .join("debug")
            .join(format!("new-{}", self.template));
        let mut command = clean(Command::new(program));
        command
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir(&self.folder);
        let output = command.output().expect("the worker runs");
        let text = text(&output);
        let code = output.status.code();
        (
            code.unwrap_or_else(|| panic!("the program was killed: {text}")),
            text,
        )
    }

    /// Checks that a command succeeded without warnings.
    #[track_caller]
    pub(crate) fn assert_clean(&self, output: &Output) {
        let text = text(output);
        assert!(output.status.success(), "{}: {text}", self.template);
        assert!(!text.contains("warning"), "{}: {text}", self.template);
    }
}

pub(crate) fn text(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

/// Copies the workspace's lock file to a worker, because these versions are available on this machine.
pub(crate) fn lock(folder: &Path) {
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
    fs::copy(ours, folder.join("Cargo.lock")).expect("the workspace has a Cargo.lock");
}

pub(crate) fn cargo() -> Command {
    let mut command = clean(Command::new(env!("CARGO")));
    command
        .env("CARGO_TERM_COLOR", "never")
        // The same setting as in the workspace. With another one, the dependencies would be compiled again.
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    command
}

/// Removes variables that would make a worker ask the platform for jobs, and cargo's variables for this test. With the
/// latter, build scripts that read them, such as ring's, would run again, and with each change cargo would build everything
/// that depends on ring.
pub(crate) fn clean(mut command: Command) -> Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "RUNPOD_", "MODEL_"]
            .iter()
            .any(|of| text.starts_with(of))
        {
            command.env_remove(&name);
        }
    }
    command
}

/// Returns the folder of the new workers, with the configuration of cargo for them.
pub(crate) fn home() -> &'static Path {
    static HOME: LazyLock<PathBuf> = LazyLock::new(|| {
        let home = target().join("generated");
        let config = home.join(".cargo/config.toml");
        let written =
            fs::create_dir_all(home.join(".cargo")).and_then(|()| fs::write(config, FAST));
        written.expect("the configuration can be written");
        home
    });
    &HOME
}

/// Returns the workspace's target folder.
pub(crate) fn target() -> PathBuf {
    let ours = Path::new(env!("CARGO_TARGET_TMPDIR"));
    ours.parent().expect("the path has a parent").to_owned()
}
