//! Runs the worker with the real weights.

mod worker;

use std::fs;
use std::path::Path;

use crate::worker::{FILE, Worker, command, weights};

#[test]
fn openai_clients_get_the_replies_of_an_independent_implementation() {
    let worker = Worker::start();
    print!("{}", worker.check("capital"));
    print!("{}", worker.check("equal"));
}

#[test]
fn a_stream_has_the_text_of_the_one_object_and_parameters_are_honoured() {
    let worker = Worker::start();
    worker.check("stream");
    worker.check("parameters");
    worker.check("native");
}

#[test]
fn bad_requests_get_the_error_of_their_parameter_and_a_closed_stream_cancels_the_job() {
    let mut worker = Worker::start();
    print!("{}", worker.check("refusals"));
    worker.check("abandon");
    let line = worker.line_with("cancelled: read ");
    let (_, rest) = line
        .split_once(", wrote ")
        .expect("the line has the numbers");
    let (tokens, _) = rest
        .split_once(' ')
        .expect("the line has the number of tokens");
    let tokens: usize = tokens.parse().expect("it is a number");
    assert!((4..1000).contains(&tokens), "{line}");
    worker.check("capital");
}

fn assert_refused(folder: &Path, expected: &[&str]) {
    let output = command(folder)
        .args(["--test_input", r#"{"input": {"prompt": "a"}}"#])
        .output()
        .expect("the worker runs");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in expected.iter().chain(&[&*folder.display().to_string()]) {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
}

#[test]
fn weights_that_are_missing_truncated_or_of_another_architecture_are_reported_at_the_start() {
    let room = tempfile::tempdir().expect("a folder can be made");
    let folder = room.path();
    assert_refused(folder, &["MODEL_DIR", "no file with the ending .gguf"]);

    let whole = fs::read(weights().join(FILE)).expect("the weights can be read");
    let path = folder.join("model.gguf");
    let cut = whole.len() - 1000;
    fs::write(&path, &whole[..cut]).expect("it is written");
    let found = format!("found {cut} bytes; expected {}", whole.len());
    assert_refused(folder, &["model.gguf: the file is truncated", &found]);

    fs::write(&path, &whole[..100_000]).expect("it is written");
    assert_refused(
        folder,
        &[
            "model.gguf: this is not a complete GGUF file",
            "found 100000 bytes",
        ],
    );

    fs::write(&path, "<html>Not found</html>").expect("it is written");
    assert_refused(folder, &["model.gguf: this is not a complete GGUF file"]);

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
        folder,
        &["general.architecture: found qwen2", "architecture llama"],
    );
}
