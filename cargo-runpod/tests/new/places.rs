//! The places where a worker may be created.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::command::{self, Folder};

#[test]
fn folders_that_are_missing_on_the_way_are_made() {
    let folder = Folder::empty();
    folder
        .new_worker(&["some/where/my-worker"])
        .assert()
        .success();
    assert_eq!(folder.entries(), ["some"]);
    assert!(
        folder
            .read("some/where/my-worker/Cargo.toml")
            .contains("name = \"my-worker\"")
    );
}

#[test]
fn a_path_from_the_root_is_a_place() {
    let (folder, elsewhere) = (Folder::empty(), Folder::empty());
    folder
        .new_worker(&[elsewhere.path("my-worker")])
        .assert()
        .success();
    assert!(folder.entries().is_empty());
    assert_eq!(elsewhere.entries(), ["my-worker"]);
}

#[test]
fn an_empty_folder_is_filled() {
    let folder = Folder::empty();
    fs::create_dir(folder.path("my-worker")).expect("the folder can be created");
    folder.new_worker(&["my-worker/"]).assert().success();
    assert_eq!(folder.entries(), ["my-worker"]);
    assert!(
        folder
            .read("my-worker/Cargo.toml")
            .contains("name = \"my-worker\"")
    );
}

#[test]
fn a_worker_has_the_permissions_of_any_new_folder() {
    let folder = Folder::empty();
    folder.new_worker(&["my-worker"]).assert().success();
    fs::create_dir(folder.path("any")).expect("the folder can be created");
    let mode = |path: &str| {
        let metadata = fs::metadata(folder.path(path)).expect("the folder exists");
        metadata.permissions().mode()
    };
    assert_eq!(mode("my-worker"), mode("any"));
}

/// Starts all commands, one for each place, before waiting for any of them.
#[track_caller]
fn all_at_once(folder: &Folder, places: &[String]) {
    let commands: Vec<_> = places
        .iter()
        .map(|place| {
            Command::new(env!("CARGO_BIN_EXE_cargo-runpod"))
                .args(["runpod", "new", place])
                .args(["--runpod-git", "https://git.invalid/runpod"])
                .current_dir(folder.path("."))
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the command starts")
        })
        .collect();
    let outputs: Vec<_> = commands
        .into_iter()
        .map(|command| command.wait_with_output().expect("the command ends"))
        .collect();
    for (place, output) in places.iter().zip(outputs) {
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{place}: {errors}");
    }
}

#[test]
fn workers_made_at_once_in_a_folder_that_is_missing_are_all_made() {
    for _ in 0..4 {
        let folder = Folder::empty();
        let places: Vec<_> = (0..6).map(|n| format!("some/where/worker-{n}")).collect();
        all_at_once(&folder, &places);
        let made = command::entries(&folder.path("some/where"));
        let expected: Vec<_> = (0..6).map(|n| format!("worker-{n}")).collect();
        assert_eq!(made, expected);
        for place in places {
            assert!(folder.path(&place).join("src/main.rs").is_file());
        }
    }
}

/// A folder that is still being filled also matches the wildcard, but has no Cargo.toml yet.
#[test]
fn workers_made_at_once_under_a_wildcard_of_a_workspace_are_all_members() {
    let folder = Folder::empty();
    folder.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"workers/*\"]\nresolver = \"3\"\n",
    );
    let places: Vec<_> = (0..6).map(|n| format!("workers/worker-{n}")).collect();
    all_at_once(&folder, &places);
    for place in places {
        let manifest = folder.read(&format!("{place}/Cargo.toml"));
        assert!(!manifest.contains("[workspace]"), "{manifest}");
    }
}
