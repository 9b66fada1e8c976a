//! Worker processes: the examples, and the conformance suite's worker, whose handlers do what their input says.

use std::collections::HashMap;
use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

pub(crate) struct Worker(Child);

impl Worker {
    /// `what`: an example, or `peer:` and the name of a handler.
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

    /// What a handler of the peer waits for after each thing that it announced.
    pub(crate) fn go_on(&mut self) {
        let stdin = self.0.stdin.as_mut().expect("it is piped");
        stdin.write_all(b"\n").expect("the worker is there");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A worker starts at once from then on.
pub(crate) fn build_programs() {
    programs();
}

/// Built once. Cargo builds no programs of other packages for a test, so that it is asked to, with the features that the
/// whole workspace is tested with: the dependencies are built with these already.
fn programs() -> &'static HashMap<String, PathBuf> {
    static PROGRAMS: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    PROGRAMS.get_or_init(build)
}

fn build() -> HashMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in env::vars_os() {
        // What cargo tells this test of its package: build scripts that look at it would run again, here and in the next
        // build.
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
        "the workers do not compile, see above"
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
