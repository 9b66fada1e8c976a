//! A worker in the folder of a workspace: cargo can build it, and its user learns how it was set up.

use std::path::Path;
use std::process::Command;

use snapbox::str;

use crate::command::Folder;

/// A git dependency, because a path dependency would print a further note.
const GIT: [&str; 2] = ["--runpod-git", "https://git.invalid/runpod"];

/// Returns the root of the workspace that cargo finds for this package.
fn root(package: &Path) -> String {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(package)
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("the text is valid JSON");
    metadata["workspace_root"]
        .as_str()
        .expect("the value is a string")
        .to_owned()
}

fn real(path: &Path) -> String {
    path.canonicalize()
        .expect("the folder exists")
        .display()
        .to_string()
}

#[test]
fn one_that_a_wildcard_makes_a_member_stays_one() {
    let folder = Folder::empty();
    folder.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"workers/*\"]\nresolver = \"3\"\n",
    );
    folder
        .new_worker(&[&["workers/my-worker"], &GIT[..]].concat())
        .assert()
        .success()
        .stdout_eq(str![[r#"
Created the worker `my-worker` from the template `basic`. Next:

    cd workers/my-worker
    cargo runpod dev       # starts a local endpoint with the worker behind it

and in a second terminal, in the same folder:

    cargo runpod invoke    # sends the job in test_input.json and shows the result

note: the worker is a member of the workspace in [..], which has the Cargo.lock and the target folder.
The Dockerfile expects them in the worker's own folder.

"#]]);
    assert_eq!(
        root(&folder.path("workers/my-worker")),
        real(&folder.path("."))
    );
}

/// Cargo warns of a profile in a member and ignores it.
#[test]
fn a_member_has_no_profile_and_its_user_learns_where_it_belongs() {
    let folder = Folder::empty();
    folder.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"my-worker\"]\nresolver = \"3\"\n",
    );
    let arguments = [&["--template", "model", "my-worker"], &GIT[..]].concat();
    let output = folder.new_worker(&arguments).assert().success();
    let told = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(
        told.ends_with("  [profile.dev.package.\"*\"]\n  opt-level = 3\n"),
        "{told}"
    );
    let manifest = folder.read("my-worker/Cargo.toml");
    assert!(!manifest.contains("profile"), "{manifest}");
    assert!(!manifest.contains("optimised"), "{manifest}");
    assert!(manifest.ends_with("tracing = \"0.1\"\n"), "{manifest}");
}

#[test]
fn one_that_is_no_member_is_a_workspace_of_its_own() {
    let folder = Folder::empty();
    folder.write(
        "Cargo.toml",
        "[workspace]\nmembers = []\nresolver = \"3\"\n",
    );
    folder
        .new_worker(&[&["my-worker"], &GIT[..]].concat())
        .assert()
        .success()
        .stdout_eq(str![[r#"
Created the worker `my-worker` from the template `basic`. Next:

    cd my-worker
    cargo runpod dev       # starts a local endpoint with the worker behind it

and in a second terminal, in the same folder:

    cargo runpod invoke    # sends the job in test_input.json and shows the result

note: the worker is in the folder of the workspace in [..] but not a member of it, so its Cargo.toml
has a `[workspace]` table. To make the worker a member, remove that table and add the worker's folder to the `members` of that workspace.

"#]]);
    let worker = folder.path("my-worker");
    assert_eq!(root(&worker), real(&worker));
    snapbox::assert_data_eq!(
        folder.read("my-worker/Cargo.toml"),
        str![[r#"
[package]
name = "my-worker"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
runpod-worker = { git = "https://git.invalid/runpod" }
serde = { version = "1", features = ["derive"] }
# For timers, locks and blocking code, and for the tests.
tokio = { version = "1", features = ["macros", "rt-multi-thread", "sync", "time"] }
# For your own log lines, such as `tracing::info!("loaded")`.
tracing = "0.1"

# This package is not a member of the workspace around it. To make it a member, remove this table and add this folder
# to the `members` of that workspace.
[workspace]

"#]]
    );
}

#[test]
fn one_that_is_excluded_needs_nothing() {
    let folder = Folder::empty();
    folder.write(
        "Cargo.toml",
        "[workspace]\nmembers = []\nexclude = [\"my-worker\"]\n",
    );
    folder
        .new_worker(&[&["my-worker"], &GIT[..]].concat())
        .assert()
        .success();
    let worker = folder.path("my-worker");
    assert_eq!(root(&worker), real(&worker));
    assert!(!folder.read("my-worker/Cargo.toml").contains("[workspace]"));
}

#[test]
fn a_workspace_that_cargo_cannot_read_is_left_alone() {
    let folder = Folder::empty();
    folder.write("Cargo.toml", "[workspace");
    folder
        .new_worker(&[&["my-worker"], &GIT[..]].concat())
        .assert()
        .success();
    let worker = folder.path("my-worker");
    assert_eq!(root(&worker), real(&worker));
    assert_eq!(folder.read("Cargo.toml"), "[workspace");
}

#[test]
fn one_that_cargo_cannot_be_asked_about_is_taken_away_again() {
    let folder = Folder::empty();
    folder.write("Cargo.toml", "[workspace]\nmembers = []\n");
    folder
        .new_worker(&[&["some/my-worker"], &GIT[..]].concat())
        .env("CARGO", "/nowhere/cargo")
        .assert()
        .code(1)
        .stdout_eq(str![])
        .stderr_eq(str![[r#"
error: cargo could not build a worker here because of `[..]/Cargo.toml`: failed to start `cargo metadata`: No such file or directory (os error 2)
Nothing was created. Fix that, or create the worker somewhere else.

"#]]);
    assert_eq!(folder.entries(), ["Cargo.toml"]);
}

/// With both packages, cargo could build neither the worker nor the workspace.
#[test]
fn one_whose_name_a_member_has_already_is_not_made() {
    let folder = Folder::empty();
    folder.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"*/*\"]\nresolver = \"3\"\n",
    );
    let member = "[package]\nname = \"my-worker\"\nedition = \"2024\"\n";
    folder.write("old/my-worker/Cargo.toml", member);
    folder.write("old/my-worker/src/lib.rs", "");
    folder
        .new_worker(&[&["new/my-worker"], &GIT[..]].concat())
        .assert()
        .code(1)
        .stdout_eq(str![])
        .stderr_eq(str![[r#"
error: cargo could not build a worker here because of `[..]/Cargo.toml`: `cargo metadata` exited with an error: error: two packages named `my-worker` in this workspace:
- [..]/new/my-worker/Cargo.toml
- [..]/old/my-worker/Cargo.toml

Nothing was created. Fix that, or create the worker somewhere else.

"#]]);
    assert_eq!(folder.entries(), ["Cargo.toml", "old"]);
    assert_eq!(root(&folder.path("old/my-worker")), real(&folder.path(".")));
}
