//! Files out of a result: `--save`.

use std::fs;

use serde_json::{Value, json};
use snapbox::str;

use crate::command::{run, run_tool};
use crate::stage::Stage;

/// The smallest PNG: one transparent pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn returning(value: &Value) -> String {
    json!({"do": "return", "value": value}).to_string()
}

fn names(stage: &Stage) -> Vec<String> {
    let files = fs::read_dir(stage.room().join("out")).expect("the folder exists");
    let mut names: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn base64_and_data_urls_become_files_and_their_paths_stay() {
    let stage = Stage::with("peer:async");
    let value = json!({
        "seed": 1.5,
        "image": PNG,
        "pages": [{"svg": "data:image/svg+xml,%3Csvg/%3E"}],
        "prompt": "a cat",
    });
    run(&stage, &["--save", "out", &returning(&value)]).assert(
        0,
        str![[r#"
{
  "seed": 1.5,
  "image": "out/image.png",
  "pages": [
    {
      "svg": "out/pages-1-svg.svg"
    }
  ],
  "prompt": "a cat"
}

"#]],
        "",
    );
    let png = fs::read(stage.room().join("out/image.png")).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(
        fs::read(stage.room().join("out/pages-1-svg.svg")).unwrap(),
        b"<svg/>"
    );
}

#[test]
fn a_name_from_the_worker_stays_inside_the_folder() {
    let stage = Stage::with("peer:async");
    let value = json!([
        {"filename": "../../../escaped.png", "data": PNG},
        {"filename": "/etc/absolute", "data": "data:text/plain,one"},
        {"filename": "..", "data": "data:text/plain,two"},
    ]);
    let ran = run(&stage, &["--save", "out", &returning(&value)]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(
        names(&stage),
        ["absolute.txt", "escaped.png", "output-3-data.txt"]
    );
}

#[test]
fn a_file_of_an_earlier_job_is_not_overwritten() {
    let stage = Stage::with("peer:async");
    for text in ["one", "two"] {
        let url = json!(format!("data:text/plain,{text}"));
        run(&stage, &["--save", "out", &returning(&url)]);
    }
    assert_eq!(names(&stage), ["output-2.txt", "output.txt"]);
    assert_eq!(
        fs::read(stage.room().join("out/output.txt")).unwrap(),
        b"one"
    );
}

#[test]
fn files_in_stream_items_are_saved_and_not_again_from_the_output() {
    let stage = Stage::with("peer:stream-aggregate");
    let items = json!({"steps": [
        {"item": {"frame": PNG}},
        {"item": {"frame": "data:text/plain,second"}},
    ]});
    run(&stage, &["--json", "--save", "out", &items.to_string()]).assert(0, str![[r#"
{"id":"[ID]","status":"COMPLETED","output":[{"frame":"out/frame.png"},{"frame":"out/frame.txt"}],"stream":[{"frame":"out/frame.png"},{"frame":"out/frame.txt"}],"delayTime":[..],"executionTime":[..],"workerId":"worker-1"}

"#]], "");
    assert_eq!(names(&stage), ["frame.png", "frame.txt"]);
}

#[test]
fn the_output_of_a_finished_job_is_saved_by_a_later_command() {
    let stage = Stage::with("peer:async");
    let mut command = crate::command::at(&stage);
    let output = command
        .args(["--detach", &returning(&json!(PNG))])
        .output()
        .unwrap();
    let id = String::from_utf8(output.stdout).unwrap();
    let id = id.trim();
    run_tool(&stage, &["job", "stream", id]);
    let ran = run_tool(&stage, &["job", "status", "--save", "out", id]);
    assert_eq!(ran.stdout, "out/output.png\n");
}

#[test]
fn a_folder_that_cannot_be_made_is_reported_before_the_job_is_sent() {
    let stage = Stage::without_worker();
    stage.write("taken", "a file");
    run(&stage, &["--save", "taken/out", "{}"]).assert(2, "", str![[r#"
error: --save: cannot create the folder taken/out: Not a directory (os error 20); choose a folder in which you may create files

"#]]);
    assert_eq!(stage.get("/health")["jobs"]["inQueue"], 0);
}
