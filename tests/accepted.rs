//! Tests that the programs in `tests/ui/pass` compile and run: the forms of handlers that the macros must accept.
//!
//! They are the programs of one crate outside the workspace, which is built in the workspace's target folder. It has
//! the same dependencies as a new worker, so most of them are already compiled.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MANIFEST: &str = r#"[package]
name = "accepted-forms"
version = "0.0.0"
edition = "2024"
publish = false

[workspace]

[dependencies]
anyhow = "1"
runpod-worker = { path = "ROOT", features = ["schema", "validate"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt-multi-thread", "sync", "time"] }
tracing = "0.1"

[lints.rust]
dead_code = "allow"

# Without debug information, linking takes half the time and a quarter of the disk space.
[profile.dev]
strip = "debuginfo"
"#;

/// A worker that starts without arguments runs the job in this file.
const JOB: &str = r#"{"id": "ui", "input": {"name": "Ada", "count": 2}}"#;

#[test]
fn accepted_forms_compile_and_run() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("");
    let folder = target.join("generated/accepted-forms");
    let names = programs();
    assert!(
        names.len() > 50,
        "only these programs were found: {names:?}"
    );
    write_crate(&folder, &names);

    let mut cargo = clean(Command::new(env!("CARGO")));
    let built = cargo
        .args(["build", "--bins", "--keep-going", "--offline", "--quiet"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", &target)
        // The workspace's setting. With another setting, cargo would compile the dependencies again.
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
        .output()
        .expect("cargo starts");
    let errors = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{errors}");

    let mut failed = String::new();
    for name in &names {
        let output = clean(Command::new(target.join("debug").join(program(name))))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .output()
            .expect("the program starts");
        if !output.status.success() {
            let _ = writeln!(failed, "{name}: {output:?}");
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the names of the source files, without their extension.
fn programs() -> Vec<String> {
    let folder = fs::read_dir(root().join("tests/ui/pass")).expect("the folder can be read");
    let mut names: Vec<_> = folder
        .map(|entry| PathBuf::from(entry.expect("the folder can be read").file_name()))
        .map(|file| file.with_extension("").display().to_string())
        .collect();
    names.sort();
    names
}

/// Returns the name of the program that is built from a file.
fn program(name: &str) -> String {
    format!("accepted-{name}")
}

fn write_crate(folder: &Path, names: &[String]) {
    let root = root().display().to_string();
    let mut manifest = MANIFEST.replace("ROOT", &root);
    for name in names {
        let program = program(name);
        let _ = write!(
            manifest,
            "\n[[bin]]\nname = \"{program}\"\npath = \"{root}/tests/ui/pass/{name}.rs\"\n"
        );
    }
    let write = |file: &str, text: &str| {
        fs::write(folder.join(file), text).unwrap_or_else(|error| panic!("{file}: {error}"));
    };
    fs::create_dir_all(folder).expect("the folder can be created");
    write("Cargo.toml", &manifest);
    write("test_input.json", JOB);
    // The workspace's lock file, so that cargo uses the versions that are already on this machine.
    fs::copy(self::root().join("Cargo.lock"), folder.join("Cargo.lock"))
        .expect("the lock file can be copied");
}

/// Removes cargo's variables about this test's package, and variables for workers.
fn clean(mut command: Command) -> Command {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "RUNPOD_"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            command.env_remove(name);
        }
    }
    command
}
