//! The commands as processes, in the folder of a small crate.

use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use snapbox::cmd::cargo_bin;
use snapbox::{Assert, IntoData};
use tempfile::TempDir;

use crate::platform::{KEY, Platform};

/// Longer than any command takes.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// The folder of a crate named `hello`, and the platform that its commands talk to.
pub(crate) struct Stage {
    pub(crate) platform: Platform,
    pub(crate) room: TempDir,
}

/// The exit code and the output of a command.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Stage {
    /// Creates a stage. `settings` are the lines of `[package.metadata.runpod.deploy]`.
    pub(crate) fn with(settings: &str) -> Self {
        let room = TempDir::new().expect("there is room for a folder");
        let stage = Self {
            platform: Platform::start(),
            room,
        };
        stage.set(settings);
        std::fs::create_dir(stage.room.path().join("src")).expect("the folder is new");
        std::fs::write(stage.room.path().join("src/main.rs"), "fn main() {}\n")
            .expect("there is room");
        stage
    }

    /// Replaces the settings.
    pub(crate) fn set(&self, settings: &str) {
        let manifest = format!(
            "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[package.metadata.runpod.deploy]\n{settings}\n"
        );
        std::fs::write(self.room.path().join("Cargo.toml"), manifest).expect("there is room");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo_bin!("cargo-runpod"));
        command
            .arg("runpod")
            .args(arguments)
            .current_dir(self.room.path());
        self.set_environment(&mut command);
        command
    }

    /// Sets the variables that a command of the user needs, and removes those that it must not see.
    pub(crate) fn set_environment(&self, command: &mut Command) {
        for (variable, _) in std::env::vars_os() {
            let is_of_test = ["RUNPOD_", "CARGO_PKG_", "CARGO_MANIFEST_"];
            let name = variable.to_string_lossy();
            if is_of_test.iter().any(|prefix| name.starts_with(prefix)) {
                command.env_remove(variable);
            }
        }
        let address = self.platform.address();
        command
            .env("RUNPOD_API_KEY", KEY)
            .env("RUNPOD_REST_URL", format!("{address}/v2"))
            .env("RUNPOD_ENDPOINT_BASE_URL", self.platform.queue())
            // A machine with a proxy for all that is not named.
            .env("HTTP_PROXY", "http://127.0.0.1:9")
            .env_remove("NO_PROXY");
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.finish(self.command(arguments))
    }

    /// Deploys without a question.
    pub(crate) fn deploy(&self, arguments: &[&str]) -> Ran {
        let all: Vec<&str> = ["deploy", "--yes"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        self.run(&all)
    }

    pub(crate) fn finish(&self, command: Command) -> Ran {
        let output = snapbox::cmd::Command::from_std(command)
            .stdin("")
            .timeout(PATIENCE)
            .output()
            .expect("the command starts");
        self.ran(output)
    }

    pub(crate) fn ran(&self, output: Output) -> Ran {
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("it writes text");
            assert!(!text.contains(KEY), "it shows the key: {text}");
            text.replace(self.platform.address(), "[ADDRESS]").replace(
                &self
                    .room
                    .path()
                    .canonicalize()
                    .expect("it exists")
                    .display()
                    .to_string(),
                "[ROOM]",
            )
        };
        Ran {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The bodies of all requests that change something.
    #[track_caller]
    pub(crate) fn only_change(&self) -> (String, Value) {
        let mut changes = self.platform.changes();
        assert_eq!(changes.len(), 1, "{changes:?}");
        changes.remove(0)
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn assert(&self, code: i32, stdout: impl IntoData, stderr: impl IntoData) {
        self.code(code);
        // Backslashes are no paths here.
        let snapshots = Assert::new()
            .action_env(snapbox::assert::DEFAULT_ACTION_ENV)
            .normalize_paths(false);
        snapshots.eq(self.stdout.as_str(), stdout);
        snapshots.eq(self.stderr.as_str(), stderr);
    }

    #[track_caller]
    pub(crate) fn code(&self, code: i32) -> &Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}stderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(
            self.stderr.contains(text),
            "{text:?} is not in:\n{}",
            self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn does_not_say(&self, text: &str) -> &Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(!all.contains(text), "{text:?} is in:\n{all}");
        self
    }
}
