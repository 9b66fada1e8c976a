//! Worker processes: the examples, and the worker of the conformance suite, whose handlers follow their input.

use std::collections::HashMap;
use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

pub(crate) struct Worker(Child);

impl Worker {
    /// Starts a worker. `what` is an example, or `peer:` with the name of a handler.
    pub(crate) fn start(what: &str, variables: &[(&str, String)], room: &Path) -> Self {
        let (program, handler) = match what.split_once(':') {
            Some((_, handler)) => ("rust-peer", Some(handler)),
            None => (what, None),
        };
        let child = Command::new(&programs()[program])
            .args(handler)
            .current_dir(room)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("TMPDIR", room)
            .env("RUNPOD_RESULT_SPOOL", "off")
            .envs(variables.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the worker starts");
        Self(child)
    }

    /// Lets a handler of the peer continue. It waits for this after each announcement.
    pub(crate) fn go_on(&mut self) {
        let stdin = self.0.stdin.as_mut().expect("the stream is piped");
        stdin.write_all(b"\n").expect("the worker is there");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Builds the programs, so that workers start without delay later.
pub(crate) fn build_programs() {
    programs();
}

/// Returns the programs, which are built once. Cargo does not build programs of other packages for a test, so it is
/// called here. The features are those of the workspace's tests, so the dependencies are already compiled.
fn programs() -> &'static HashMap<String, PathBuf> {
    static PROGRAMS: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    PROGRAMS.get_or_init(build)
}

fn build() -> HashMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in env::vars_os() {
        // Cargo sets these variables for this test. If they were passed on, build scripts that read them would run
        // again, both here and in the next build.
        let about_us = name.to_string_lossy();
        if about_us.starts_with("CARGO_PKG_") || about_us.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = cargo
        .args(["build", "--workspace", "--all-features"])
        .args(["--example=hello", "--example=stream", "--bin=rust-peer"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root.parent().expect("the package is in the workspace"))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    assert!(
        built.status.success(),
        "the workers do not compile; see the errors above"
    );
    String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            let program = message["executable"].as_str()?;
            let name = message["target"]["name"].as_str()?;
            Some((name.to_owned(), PathBuf::from(program)))
        })
        .collect()
}
