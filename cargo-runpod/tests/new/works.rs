//! A new worker passes its tests, has no warnings, and runs without a change.

use std::fs;

use serde_json::{Value, json};

use crate::generated::{model, text, workers};

#[test]
fn its_tests_pass() {
    for worker in workers() {
        let tested = worker.cargo(&["test", "--offline"]);
        worker.assert_clean(&tested);
        let text = text(&tested);
        assert!(text.contains("test result: ok. "), "{text}");
        assert!(!text.contains("running 0 tests"), "{text}");
    }
}

#[test]
fn clippy_has_nothing_to_say() {
    for worker in workers() {
        let arguments = [
            "clippy",
            "--offline",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        worker.assert_clean(&worker.cargo(&arguments));
    }
}

#[test]
fn it_is_formatted() {
    for worker in workers() {
        worker.assert_clean(&worker.cargo(&["fmt", "--check"]));
    }
}

#[test]
fn it_runs_the_job_of_its_test_input() {
    for worker in workers() {
        let shows: &[&str] = match worker.template {
            "basic" => &[r#"{"words":10,"longest":"question"}"#],
            "stream" => &[
                r#"{"index":0,"text":"TO"}"#,
                r#"{"index":9,"text":"QUESTION"}"#,
            ],
            _ => &[r#"[" sleeps"," before"," the"," smell","#],
        };
        let (code, text) = worker.run(&[], &[]);
        assert_eq!(code, 0, "{text}");
        for part in shows {
            assert!(
                text.contains(part),
                "{}: no {part} in {text}",
                worker.template
            );
        }
    }
}

#[test]
fn it_says_where_input_does_not_fit() {
    for worker in workers() {
        let (code, text) = worker.run(&["--test_input", r#"{"input": {"text": 7}}"#], &[]);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("input.text"), "{text}");
    }
}

#[test]
fn a_model_that_is_not_there_ends_the_worker_and_is_named() {
    let (code, text) = model().run(&[], &[("MODEL_PATH", "/nowhere/model.txt")]);
    assert_eq!(code, 1, "{text}");
    for part in ["/nowhere/model.txt", "MODEL_PATH", "model/harbour.txt"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
}

#[test]
fn a_model_is_read_from_where_the_environment_says() {
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be created");
    fs::write(file.path(), "only these").expect("the file can be written");
    let path = file.path().to_str().expect("the path is UTF-8");
    let job = r#"{"input": {"text": "only", "words": 3}}"#;
    let (code, text) = model().run(&["--test_input", job], &[("MODEL_PATH", path)]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains(r#"[" these"," only"," these"]"#), "{text}");
}

/// `cargo runpod build` copies these files next to the program, which is its working directory.
#[test]
fn what_its_image_includes_is_there() {
    let output = model().cargo(&["metadata", "--no-deps", "--offline", "--format-version=1"]);
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("the text is valid JSON");
    let included = &metadata["packages"][0]["metadata"]["runpod"]["image"]["include"];
    assert_eq!(included, &json!(["model"]));
    assert!(model().folder.join("model/harbour.txt").is_file());
}

/// The README of a new worker begins with these commands.
#[test]
fn the_commands_of_its_readme_are_there() {
    for worker in workers() {
        let readme =
            fs::read_to_string(worker.folder.join("README.md")).expect("the file can be read");
        let block = readme
            .split("```")
            .nth(1)
            .expect("the file has a block of commands");
        let commands: Vec<_> = block
            .lines()
            .skip(1)
            .map(|line| line.split('#').next().unwrap_or_default().trim())
            .collect();
        assert_eq!(
            commands,
            ["cargo runpod dev", "cargo runpod invoke", "cargo test"]
        );
    }
    for command in ["dev", "invoke", "build"] {
        snapbox::cmd::Command::new(env!("CARGO_BIN_EXE_cargo-runpod"))
            .args(["runpod", command, "--help"])
            .assert()
            .success();
    }
}
