//! The output of a successful command, and its help.

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
Create a worker from a template

Usage: cargo runpod new [OPTIONS] <NAME>

Arguments:
  <NAME>
          The folder to create; its last part is the worker's name

Options:
      --template <TEMPLATE>
          The template to start from

          Possible values:
          - basic:  One function that turns a job's input into its output
          - stream: A function that streams its output item by item
          - model:  A model that is loaded once, and a handler that streams its output
          - chat:   A language model that chats, with candle, on an NVIDIA GPU or the CPU
          - embed:  A model that computes embeddings, in batches, with candle
          - speech: Speech in audio, found with Silero VAD on the CPU
          - ocr:    Text in images, read with PP-OCR on the CPU
          
          [default: basic]

      --runpod-path <PATH>
          Use the package `runpod-worker` in this folder

      --runpod-git <URL>
          Use `runpod-worker` from this git repository

      --runpod-rev <REV>
          The commit, tag or branch of the git repository [default: the newest commit]

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
Created the worker `my-worker` from the template `stream`. Next:

    cd my-worker
    cargo runpod dev       # starts a local endpoint with the worker behind it

and in a second terminal, in the same folder:

    cargo runpod invoke    # sends the job in test_input.json and shows the result

note: runpod-worker is not published yet. The worker uses the sources that this command
was built from, [..].
To use others, pass --runpod-path or --runpod-git.

note: a build inside Docker cannot reach a package by its path on this machine. Use
`cargo runpod build`, which builds the program outside Docker. To use the Dockerfile,
name a git repository in Cargo.toml.

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
Created the worker `my-worker` from the template `basic`. Next:

    cd my-worker
    cargo runpod dev       # starts a local endpoint with the worker behind it

and in a second terminal, in the same folder:

    cargo runpod invoke    # sends the job in test_input.json and shows the result

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
Created the worker `my-worker` from the template `basic`. Next:

    cd my-worker
    cargo runpod dev       # starts a local endpoint with the worker behind it

and in a second terminal, in the same folder:

    cargo runpod invoke    # sends the job in test_input.json and shows the result

note: a build inside Docker cannot reach a package by its path on this machine. Use
`cargo runpod build`, which builds the program outside Docker. To use the Dockerfile,
name a git repository in Cargo.toml.

"#]]);
    let ours = std::fs::canonicalize(ours).expect("the folder exists");
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
            assert!(
                text.ends_with('\n'),
                "{template}/{path} does not end with a line break"
            );
        }
    }
}
