//! Runs the worker with the real weights and compares its lines with those of the package rapidocr on ONNX Runtime.
//!
//! `RUNPOD_TEST_WEIGHTS` is the folder with the packages of `weights.txt`, and `RUNPOD_TEST_PYTHON` a Python with the
//! dependencies of rapidocr. `cargo xtask models` sets both.

#[path = "../../tests/process.rs"]
mod process;
#[path = "../../tests/worker.rs"]
mod worker;

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{assert_refused, python, variable};
use crate::worker::Worker;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ocr");

fn weights() -> PathBuf {
    variable("RUNPOD_TEST_WEIGHTS").join("rapidocr/models")
}

fn image(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name)
}

fn base64(path: &Path) -> String {
    STANDARD.encode(std::fs::read(path).unwrap())
}

/// Returns the lines that rapidocr finds.
fn reference(image: &Path) -> Vec<Value> {
    let text = python("reference.py", &[&variable("RUNPOD_TEST_WEIGHTS"), image]);
    let last = text.lines().last().expect("the program writes one line");
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn texts(lines: &[Value]) -> Vec<&str> {
    lines
        .iter()
        .map(|line| line["text"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_lines_are_those_of_rapidocr() {
    let worker = Worker::start(PROGRAM, &weights());
    let page = [
        "Runpod for Rust",
        "Invoice 2026-11-28",
        "Total: $41.80",
        "One function with an attribute is a worker.",
        "100% of 24 jobs, #7",
    ];
    let turned = ["Turned by 12 degrees", "level line"];
    for (name, expected) in [("page.png", &page[..]), ("turned.png", &turned[..])] {
        let job = worker
            .run_sync(json!({ "image": base64(&image(name)) }))
            .await;
        let lines = job["output"]["lines"]
            .as_array()
            .unwrap_or_else(|| panic!("{job}"));
        assert_eq!(texts(lines), expected);
        let reference = reference(&image(name));
        assert_eq!(texts(&reference), expected);
        for (line, other) in lines.iter().zip(&reference) {
            let score = |line: &Value| line["score"].as_f64().unwrap();
            assert!((score(line) - score(other)).abs() < 0.05, "{line} {other}");
            // The two libraries resize the image and enlarge the areas in slightly different ways.
            for (corner, near) in (0..4).flat_map(|corner| [(corner, 0), (corner, 1)]) {
                let place = |line: &Value| line["corners"][corner][near].as_f64().unwrap();
                assert!((place(line) - place(other)).abs() <= 4.0, "{line} {other}");
            }
        }
    }
}

#[tokio::test]
async fn the_image_with_the_lines_is_a_data_url_of_a_jpeg_image() {
    let worker = Worker::start(PROGRAM, &weights());
    let input = json!({ "image": base64(&image("page.png")), "draw": true });
    let job = worker.run_sync(input).await;
    let url = job["output"]["image"]
        .as_str()
        .unwrap_or_else(|| panic!("{job}"));
    let base64 = url
        .strip_prefix("data:image/jpeg;base64,")
        .expect("a data URL");
    let drawn = image::load_from_memory(&STANDARD.decode(base64).unwrap()).unwrap();
    assert_eq!((drawn.width(), drawn.height()), (640, 300));
    let red = |pixel: &&image::Rgb<u8>| pixel[0] > 150 && pixel[1] < 110;
    assert!(drawn.to_rgb8().pixels().filter(red).count() > 1000);
}

#[tokio::test]
async fn bad_images_fail_their_jobs_and_the_worker_lives_on() {
    let worker = Worker::start(PROGRAM, &weights());
    for (image, fault) in [
        (STANDARD.encode("Hello, worker!"), "not a PNG or JPEG image"),
        ("what is this?".to_owned(), "base64"),
    ] {
        let job = worker.run_sync(json!({ "image": image })).await;
        assert_eq!(job["status"], "FAILED", "{job}");
        assert!(job["error"].to_string().contains(fault), "{job}");
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    let white = image::RgbImage::from_pixel(200, 100, image::Rgb([255; 3]));
    white.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let input = json!({ "image": STANDARD.encode(bytes.into_inner()) });
    let job = worker.run_sync(input).await;
    assert_eq!(
        job["output"],
        json!({ "width": 200, "height": 100, "lines": [] }),
        "{job}"
    );
}

#[test]
fn damaged_weights_and_those_of_another_model_are_reported_at_startup() {
    let folder = TempDir::new().unwrap();
    let name = "PP-OCRv6_det_small.onnx";
    let path = folder.path().join(name);
    let whole = std::fs::read(weights().join(name)).unwrap();
    let other = std::fs::read(weights().join("PP-OCRv6_rec_small.onnx")).unwrap();
    for (content, fault) in [
        (&whole[..whole.len() / 2], "cannot be loaded"),
        (&other[..], "a model with another input"),
    ] {
        std::fs::write(&path, content).unwrap();
        assert_refused(
            PROGRAM,
            folder.path(),
            &[fault, &path.to_string_lossy(), "PP-OCRv6_rec_small.onnx"],
        );
    }
}
