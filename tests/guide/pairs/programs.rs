//! Writes the programs of the page to files: Python programs for the SDK's interpreter, and Rust programs in one crate.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::page::Pair;
use crate::markdown::root;

/// The manifest, with the dependencies of a new worker, which are already compiled.
const MANIFEST: &str = r#"[package]
name = "guide-pairs"
version = "0.0.0"
edition = "2024"
publish = false

# Not a member of the surrounding workspace.
[workspace]

[dependencies]
runpod-worker = { path = "ROOT" }
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread", "sync", "time"] }
tracing = "0.1"
"#;

/// The locations of the programs.
#[derive(Debug)]
pub(crate) struct Programs {
    python: PathBuf,
    folder: PathBuf,
    built: PathBuf,
}

impl Programs {
    /// Writes all programs, and builds the Rust programs.
    pub(crate) fn build(pairs: &[Pair]) -> Self {
        let python = env::var_os("RUNPOD_TEST_PYTHON")
            .map_or_else(|| root().join("target/sdk-venv/bin/python"), PathBuf::from);
        assert!(
            python.exists(),
            "{} does not exist, so the real SDK cannot run. `cargo xtask test` creates it and runs this suite.",
            python.display()
        );
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("");
        let folder = target.join("guide");
        let crate_folder = folder.join("crate");
        let sources = crate_folder.join("src/bin");
        if sources.exists() {
            // Removes programs whose headings no longer exist.
            fs::remove_dir_all(&sources).expect("the folder can be emptied");
        }
        fs::create_dir_all(&sources).expect("the folder can be created");
        let write = |path: PathBuf, text: &str| {
            fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        };
        for pair in pairs {
            write(folder.join(format!("{}.py", pair.name)), &pair.python);
            write(sources.join(format!("{}.rs", pair.name)), &pair.rust);
        }
        let manifest = MANIFEST.replace("ROOT", &root().display().to_string());
        write(crate_folder.join("Cargo.toml"), &manifest);
        // The workspace's lock file, so that cargo reuses the artifacts that are already built.
        fs::copy(root().join("Cargo.lock"), crate_folder.join("Cargo.lock"))
            .expect("the lock file can be copied");
        Self {
            python,
            built: build(&crate_folder, &target),
            folder,
        }
    }

    /// Returns a command for the Python program, on the real SDK.
    pub(crate) fn python(&self, pair: &Pair) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(self.folder.join(format!("{}.py", pair.name)));
        command
    }

    pub(crate) fn rust(&self, pair: &Pair) -> Command {
        Command::new(self.built.join(&pair.name))
    }
}

fn build(crate_folder: &Path, target: &Path) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in env::vars_os() {
        // Cargo's variables about this test's package. Build scripts that read them (such as ring's) would run again.
        let about_us = name.to_string_lossy();
        if about_us.starts_with("CARGO_PKG_") || about_us.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    let built = cargo
        .args(["build", "--quiet", "--bins", "--offline"])
        .current_dir(crate_folder)
        .env("CARGO_TARGET_DIR", target)
        // The workspace's setting. With another setting, cargo would compile the dependencies again.
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .stdout(Stdio::null())
        .output()
        .expect("cargo starts");
    assert!(
        built.status.success(),
        "the Rust programs in docs/how-to/move-from-python.md do not compile:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    target.join("debug")
}
