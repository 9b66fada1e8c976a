//! Runs `cargo runpod build` as a process, and creates crates for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A program without dependencies that answers like a worker whose state is ready.
pub(crate) const WORKER: &str =
    "fn main() { println!(\"--test_input\\nThe local endpoint is at here\") }";

/// Runs the command in our own repository or in a crate of the test.
pub(crate) fn build(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// The command, before it runs.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-runpod"));
    command.args(["runpod", "build"]).args(arguments);
    command.current_dir(folder).env("CARGO_TERM_COLOR", "never");
    for (name, _) in std::env::vars_os() {
        // Cargo sets these variables for this test. If they were passed on, build scripts that read them would run
        // again, both here and in the next build.
        let about_us = name.to_string_lossy();
        if about_us.starts_with("CARGO_PKG_") || about_us.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    if folder != repository() {
        // Each crate builds in its own target folder and writes its image there.
        command.env_remove("CARGO_TARGET_DIR");
    }
    // The user's own login must not decide a test.
    command.env("DOCKER_CONFIG", folder.join("no-login"));
    command.env("XDG_RUNTIME_DIR", folder.join("no-login"));
    command.env_remove("RUNPOD_REGISTRY_USER");
    command.env_remove("RUNPOD_REGISTRY_PASSWORD");
    command
}

pub(crate) fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap().to_owned()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Packs an example. The dependencies are already compiled, so only the linking is new.
pub(crate) fn packed(output: &Path, more: &[&str]) -> Output {
    let mut arguments = vec![
        "--package=runpod-worker",
        "--example=hello",
        "--profile=dev",
    ];
    arguments.extend(["--output", output.to_str().unwrap()]);
    arguments.extend(more);
    build(&repository(), &arguments)
}

/// Creates a crate without dependencies.
pub(crate) fn a_crate(manifest: &str, main: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let head = "[package]\nname = \"fast\"\nversion = \"1.2.3\"\nedition = \"2024\"\n";
    fs::write(
        folder.path().join("Cargo.toml"),
        format!("{head}{manifest}\n[workspace]\n"),
    )
    .unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/main.rs"), main).unwrap();
    folder
}

/// Runs the command, checks that it fails before it builds anything, and returns its standard error.
pub(crate) fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = build(folder, arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("Compiling"), "{said}");
    said
}
