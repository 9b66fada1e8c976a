//! Runs the worker with the real weights.

mod worker;

use std::fs;
use std::path::Path;

use crate::worker::{Worker, command, weights};

#[test]
fn an_openai_client_gets_the_vectors_of_an_independent_implementation() {
    let worker = Worker::start();
    print!("{}", worker.check("reference"));
    worker.check("similarity");
}

#[test]
fn bad_requests_get_the_error_of_their_parameter_and_the_worker_goes_on() {
    Worker::start().check("refusals");
}

/// Returns the numbers of texts and requests of a call from its log line.
fn call(line: &str) -> Option<(usize, usize)> {
    let (before, after) = line.split_once(" texts of ")?;
    let texts = before.rsplit(|it: char| !it.is_ascii_digit()).next()?;
    Some((texts.parse().ok()?, after.split(' ').next()?.parse().ok()?))
}

#[test]
fn requests_that_arrive_during_a_call_share_the_next_one_and_a_bad_one_fails_alone() {
    let mut worker = Worker::start();
    worker.check("batches");
    // A long request, and 24 short ones.
    let mut calls = Vec::new();
    while calls.iter().map(|(_, requests)| requests).sum::<usize>() < 25 {
        calls.extend(call(&worker.line_with(" texts of ")));
    }
    assert!(calls.len() <= 12, "{calls:?}");
}

fn assert_refused(folder: &Path, expected: &[&str]) {
    for backtrace in ["0", "1"] {
        let output = command(folder)
            .args(["--test_input", r#"{"input": {"input": "a"}}"#])
            .env("RUST_BACKTRACE", backtrace)
            .output()
            .expect("the worker runs");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert_eq!(output.status.code(), Some(1), "{text}");
        for part in expected.iter().chain(&[&*folder.display().to_string()]) {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
}

#[test]
fn weights_that_are_missing_truncated_or_of_another_architecture_are_reported_at_the_start() {
    let room = tempfile::tempdir().expect("a folder can be made");
    let folder = room.path();
    let copy = |name: &str| fs::copy(weights().join(name), folder.join(name)).expect("a copy");
    copy("config.json");
    copy("tokenizer.json");
    assert_refused(folder, &["MODEL_DIR", "it has no model.safetensors"]);

    let path = folder.join("model.safetensors");
    let length = copy("model.safetensors");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("it opens");
    file.set_len(length - 1000).expect("it is cut");
    let (found, expected) = (length - 1000, format!("expected {length}"));
    assert_refused(
        folder,
        &[
            "model.safetensors: ",
            &format!("found {found} bytes"),
            &expected,
        ],
    );

    fs::write(&path, "GGUF\u{3}\0\0\0").expect("it is written");
    assert_refused(
        folder,
        &["model.safetensors: ", "no header of the format safetensors"],
    );

    copy("model.safetensors");
    let config = fs::read_to_string(weights().join("config.json")).expect("it is text");
    for (from, to, expected) in [
        (
            r#""model_type": "bert""#,
            r#""model_type": "llama""#,
            "found llama, expected bert",
        ),
        (
            r#""hidden_size": 384"#,
            r#""hidden_size": 768"#,
            "expected: [30522, 768], got: [30522, 384]",
        ),
        (
            r#""num_hidden_layers": 6"#,
            r#""num_hidden_layers": 12"#,
            "encoder.layer.6.",
        ),
    ] {
        assert!(config.contains(from), "{config}");
        fs::write(folder.join("config.json"), config.replace(from, to)).expect("it is written");
        assert_refused(folder, &[expected]);
    }
}
