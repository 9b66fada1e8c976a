//! Runs the worker with the real weights and compares its segments with those of ONNX Runtime.
//!
//! `RUNPOD_TEST_WEIGHTS` is the folder with the packages of `weights.txt`, and `RUNPOD_TEST_PYTHON` a Python with
//! onnxruntime. `cargo xtask models` sets both.

#[path = "../../tests/process.rs"]
mod process;
mod recording;
mod streams;
#[path = "../../tests/worker.rs"]
mod worker;

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{assert_refused, python, variable};
use crate::recording::Recording;
use crate::worker::Worker;

const PROGRAM: &str = env!("CARGO_BIN_EXE_speech");

fn weights() -> PathBuf {
    variable("RUNPOD_TEST_WEIGHTS").join("silero_vad/data")
}

/// Returns the segments that ONNX Runtime finds.
fn reference(recording: &Recording) -> Vec<Value> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("recording.wav");
    std::fs::write(&path, recording.wav()).unwrap();
    let text = python("reference.py", &[&weights().join("silero_vad.onnx"), &path]);
    let mut found: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(found["segments"].take()).unwrap()
}

/// The worker rounds to milliseconds.
fn assert_same(found: &[Value], expected: &[Value]) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    for (found, expected) in found.iter().zip(expected) {
        for key in ["start", "end"] {
            let distance = found[key].as_f64().unwrap() - expected[key].as_f64().unwrap();
            assert!(distance.abs() < 0.000_51, "{found} {expected}");
        }
    }
}

#[tokio::test]
async fn the_segments_are_those_of_onnx_runtime() {
    let worker = Worker::start(PROGRAM, &weights());
    let clip = Recording::clip();
    let long = clip.with_pauses_and_noise(12);
    for (recording, count) in [
        (Recording::silence(16_000, 2), 0),
        (clip.clone(), 2),
        (long, 24),
        (clip.at_8_khz(), 2),
        (Recording::noise(16_000, 3), 0),
    ] {
        let expected = reference(&recording);
        assert_eq!(expected.len(), count, "the recording is not as it was");
        let job = worker
            .run_sync(json!({ "audio": recording.base64() }))
            .await;
        assert_same(
            job["output"].as_array().unwrap_or_else(|| panic!("{job}")),
            &expected,
        );
    }
}

#[tokio::test]
async fn segments_are_streamed_and_a_url_of_the_file_works_like_its_content() {
    let worker = Worker::start(PROGRAM, &weights());
    let clip = Recording::clip();
    let url = format!("data:audio/wav;base64,{}", clip.base64());
    let items = worker.streamed(json!({ "audio": url })).await;
    assert_same(&items, &reference(&clip));
}

#[tokio::test]
async fn a_job_that_is_cancelled_stops_and_the_next_one_runs() {
    let worker = Worker::start(PROGRAM, &weights());
    let long = Recording::clip().with_pauses_and_noise(35);
    let id = worker.run(json!({ "audio": long.base64() })).await;
    // The first segment shows that the job runs.
    worker.first_item(&id).await;
    assert_eq!(worker.cancel(&id).await["status"], "CANCELLED");
    let job = worker
        .run_sync(json!({ "audio": Recording::clip().base64() }))
        .await;
    assert_eq!(job["output"].as_array().map(Vec::len), Some(2), "{job}");
}

#[tokio::test]
async fn a_file_that_is_not_audio_fails_the_job_and_the_worker_lives_on() {
    let worker = Worker::start(PROGRAM, &weights());
    // The base64 of a text.
    let job = worker
        .run_sync(json!({ "audio": "SGVsbG8sIHdvcmxkIQ==" }))
        .await;
    assert_eq!(job["status"], "FAILED", "{job}");
    assert!(job["error"].to_string().contains("not a WAV file"), "{job}");
    let job = worker
        .run_sync(json!({ "audio": Recording::clip().base64() }))
        .await;
    assert_eq!(job["status"], "COMPLETED", "{job}");
}

#[test]
fn damaged_weights_and_those_of_another_model_are_reported_at_startup() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("silero_vad.onnx");
    let whole = std::fs::read(weights().join("silero_vad.onnx")).unwrap();
    let other = weights().join("silero_vad_16k_sequence.onnx");
    let other = std::fs::read(other).unwrap();
    for (content, fault) in [
        (&whole[..whole.len() / 2], "cannot be loaded"),
        (&other[..], "a model without `state`"),
    ] {
        std::fs::write(&path, content).unwrap();
        assert_refused(
            PROGRAM,
            folder.path(),
            &[fault, &path.to_string_lossy(), "Silero VAD"],
        );
    }
}
