//! The programs of the page, as files: Python ones for the SDK's interpreter, Rust ones built as one crate.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::page::Pair;
use crate::markdown::root;

/// As a reader's: what the page uses beside the two dependencies of every worker is tokio.
const MANIFEST: &str = r#"[package]
name = "guide-pairs"
version = "0.0.0"
edition = "2024"
publish = false

# Not a member of the workspace that it lies in.
[workspace]

[dependencies]
runpod-worker = { path = "ROOT" }
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", default-features = false, features = ["time", "rt"] }
"#;

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    python: PathBuf,
    folder: PathBuf,
    built: PathBuf,
}

impl Programs {
    /// Writes all of them, and builds those in Rust.
    pub(crate) fn build(pairs: &[Pair]) -> Self {
        let python = env::var_os("RUNPOD_TEST_PYTHON")
            .map_or_else(|| root().join("target/sdk-venv/bin/python"), PathBuf::from);
        assert!(
            python.exists(),
            "there is no {}, so the real SDK cannot be asked. `cargo xtask test` makes it and runs this suite.",
            python.display()
        );
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("");
        let folder = target.join("guide");
        let crate_folder = folder.join("crate");
        let sources = crate_folder.join("src/bin");
        if sources.exists() {
            // Those of headings that the page no longer has.
            fs::remove_dir_all(&sources).expect("the folder can be emptied");
        }
        fs::create_dir_all(&sources).expect("the folder can be made");
        let write = |path: PathBuf, text: &str| {
            fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        };
        for pair in pairs {
            write(folder.join(format!("{}.py", pair.name)), &pair.python);
            write(sources.join(format!("{}.rs", pair.name)), &pair.rust);
        }
        let manifest = MANIFEST.replace("ROOT", &root().display().to_string());
        write(crate_folder.join("Cargo.toml"), &manifest);
        // The workspace's, so that what is built already is built upon.
        fs::copy(root().join("Cargo.lock"), crate_folder.join("Cargo.lock"))
            .expect("the lock file can be copied");
        Self {
            python,
            built: build(&crate_folder, &target),
            folder,
        }
    }

    /// The Python one, on the real SDK.
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
        // What cargo tells this test of its package. Build scripts that look at it (ring's) would run again.
        let about_us = name.to_string_lossy();
        if about_us.starts_with("CARGO_PKG_") || about_us.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    let built = cargo
        .args(["build", "--quiet", "--bins", "--offline"])
        .current_dir(crate_folder)
        .env("CARGO_TARGET_DIR", target)
        // As in the workspace: with another setting, the dependencies would be compiled once more.
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .stdout(Stdio::null())
        .output()
        .expect("cargo starts");
    assert!(
        built.status.success(),
        "the Rust of docs/how-to/move-from-python.md does not compile:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    target.join("debug")
}
