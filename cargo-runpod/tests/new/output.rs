//! What is told when all went well, and what there is to choose from.

use std::path::Path;

use snapbox::str;

use crate::command::{Folder, new_worker};
use crate::templates;

#[test]
fn the_help_names_every_template_and_flag() {
    new_worker(&["--help"])
        .assert()
        .success()
        .stdout_eq(str![[r#"
Make a worker from a template

Usage: cargo runpod new [OPTIONS] <NAME>

Arguments:
  <NAME>
          The folder to make; its last part is the worker's name

Options:
      --template <TEMPLATE>
          What to begin with

          Possible values:
          - basic:  One function, from a job's input to its output
          - stream: A function whose output leaves item by item
          - model:  A model that is loaded once, and a stream made with it
          
          [default: basic]

      --runpod-path <PATH>
          Take the package `runpod-worker` from this folder

      --runpod-git <URL>
          Take it from this git repository

      --runpod-rev <REV>
          At this commit, tag or branch of the git repository; the newest commit otherwise

  -h, --help
          Print help (see a summary with '-h')

"#]]);
}

#[test]
fn a_worker_that_was_made_is_told_with_the_next_commands() {
    let folder = Folder::empty();
    folder
        .new_worker(&["my-worker", "--template", "stream"])
        .assert()
        .success()
        .stdout_eq(str![[r#"
Made the worker `my-worker` from the template `stream`. Next:

    cd my-worker
    cargo runpod dev       # an endpoint on this machine with the worker behind it

and in a second terminal, in the same folder:

    cargo runpod invoke    # sends it the job of test_input.json, and shows what comes back

note: runpod-worker has no public address yet. It is taken from where this command was built,
[..]; --runpod-path and --runpod-git name another place.

note: a build inside Docker does not reach a package by its path on this machine. `cargo runpod build` packs
a program that is built here; for the Dockerfile, let Cargo.toml name a git repository.

"#]])
        .stderr_eq(str![]);
}

#[test]
fn a_worker_with_a_dependency_on_a_git_repository_needs_no_note() {
    let folder = Folder::empty();
    let git = [
        "--runpod-git",
        "https://git.invalid/runpod",
        "--runpod-rev",
        "v0.1.0",
    ];
    folder
        .new_worker(&[&["my-worker"], &git[..]].concat())
        .assert()
        .success()
        .stdout_eq(str![[r#"
Made the worker `my-worker` from the template `basic`. Next:

    cd my-worker
    cargo runpod dev       # an endpoint on this machine with the worker behind it

and in a second terminal, in the same folder:

    cargo runpod invoke    # sends it the job of test_input.json, and shows what comes back

"#]])
        .stderr_eq(str![]);
    assert!(
        folder
            .read("my-worker/Cargo.toml")
            .contains(r#"runpod-worker = { git = "https://git.invalid/runpod", rev = "v0.1.0" }"#)
    );
}

#[test]
fn the_folder_that_a_path_names_is_written_in_full() {
    let folder = Folder::empty();
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/src/../..");
    folder
        .new_worker(&["my-worker", "--runpod-path", ours])
        .assert()
        .success()
        .stdout_eq(str![[r#"
Made the worker `my-worker` from the template `basic`. Next:

    cd my-worker
    cargo runpod dev       # an endpoint on this machine with the worker behind it

and in a second terminal, in the same folder:

    cargo runpod invoke    # sends it the job of test_input.json, and shows what comes back

note: a build inside Docker does not reach a package by its path on this machine. `cargo runpod build` packs
a program that is built here; for the Dockerfile, let Cargo.toml name a git repository.

"#]]);
    let ours = std::fs::canonicalize(ours).expect("our own folder");
    let written = format!("runpod-worker = {{ path = {ours:?} }}\n");
    assert!(folder.read("my-worker/Cargo.toml").contains(&written));
}

#[test]
fn every_template_has_all_that_a_worker_needs() {
    for template in templates::NAMES {
        let folder = Folder::empty();
        folder
            .new_worker(&["it", "--template", template])
            .assert()
            .success();
        assert_eq!(folder.entries(), ["it"]);
        let files = templates::files(&folder.path("it"));
        for path in [
            ".dockerignore",
            ".gitignore",
            ".runpod/hub.json",
            ".runpod/tests.json",
            "Cargo.toml",
            "Dockerfile",
            "README.md",
            "src/main.rs",
            "test_input.json",
        ] {
            assert!(files.contains_key(Path::new(path)), "{template}: no {path}");
        }
        for (path, text) in files {
            let path = path.display();
            assert!(!text.contains("{{"), "{template}/{path} is not rendered");
            assert!(text.ends_with('\n'), "{template}/{path} has no last line");
        }
    }
}
