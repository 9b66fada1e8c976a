//! The files for the Runpod Hub follow its rules, and the tests in them pass.

use std::fs;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::generated::{Worker, clean, model, target, text, workers};
use crate::hub_rules;

fn read(worker: &Worker, name: &str) -> String {
    fs::read_to_string(worker.folder.join(".runpod").join(name)).expect(name)
}

#[test]
fn the_page_of_a_worker_follows_the_rules() {
    for worker in workers() {
        if let Err(fault) = hub_rules::hub(&read(worker, "hub.json")) {
            panic!("{}: {fault}", worker.template);
        }
    }
}

#[test]
fn the_tests_of_a_worker_follow_the_rules_and_pass() {
    for worker in workers() {
        let tests = match hub_rules::tests(&read(worker, "tests.json")) {
            Ok(tests) => tests,
            Err(fault) => panic!("{}: {fault}", worker.template),
        };
        for case in tests.tests {
            let job = json!({ "input": case.input }).to_string();
            let (code, text) = worker.run(&["--test_input", &job], &[]);
            assert_eq!(code, 0, "{}, {}: {text}", worker.template, case.name);
        }
    }
}

/// Checks that the rules reject wrong files.
#[test]
fn a_fault_in_either_file_is_found() {
    let worker = workers().last().expect("there is at least one worker");
    let changed = |name: &str, place: &str, value: Value| {
        let mut file: Value =
            serde_json::from_str(&read(worker, name)).expect("the text is valid JSON");
        *file.pointer_mut(place).expect(place) = value;
        file.to_string()
    };
    for (place, value) in [
        ("/type", json!("pod")),
        ("/category", json!("text")),
        ("/title", json!(" ")),
        ("/config/runsOn", json!("CPU")),
        ("/config/runsOn", json!("TPU")),
        ("/config/gpuCount", json!("1")),
        ("/config/gpuIds", json!("")),
        ("/config/allowedCudaVersions", json!(["new"])),
        ("/config/env/0/key", json!("log level")),
        ("/config/env/0/input/default", json!(3)),
        ("/config/env/0/input/type", json!("text")),
        ("/config/env/1/input/default", json!("LOUD")),
        ("/config/env/1/input/options", json!([{ "label": "Info" }])),
        ("/config/presets/0/defaults", json!({ "UNKNOWN": "1" })),
        (
            "/config/env/0",
            json!({ "key": "A", "value": "b", "extra": 1 }),
        ),
    ] {
        let text = changed("hub.json", place, value.clone());
        assert!(hub_rules::hub(&text).is_err(), "{place} = {value}");
    }
    for (place, value) in [
        ("/tests", json!([])),
        ("/tests/0/timeout", json!(10)),
        ("/tests/0/input", json!("text")),
        ("/tests/1/name", json!("a text with a seed")),
        ("/config/gpuCount", json!(0)),
        ("/config/env/0/value", json!(7)),
    ] {
        let text = changed("tests.json", place, value.clone());
        assert!(hub_rules::tests(&text).is_err(), "{place} = {value}");
    }
}

/// Runs `cargo runpod hub-test` in the folder of a worker.
fn hub_test(worker: &Worker, arguments: &[&str]) -> Output {
    let mut command = clean(Command::new(env!("CARGO_BIN_EXE_cargo-runpod")));
    command
        .args(["runpod", "hub-test"])
        .args(arguments)
        .current_dir(&worker.folder)
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    command.output().expect("the command starts")
}

#[test]
fn hub_test_runs_the_tests_of_a_worker_and_reports_each() {
    for worker in workers() {
        let output = hub_test(worker, &[]);
        let text = text(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert_eq!(stdout.matches("ok       ").count(), 2, "{text}");
        assert!(stdout.ends_with("\n2 of 2 tests passed\n"), "{text}");
    }
}

#[test]
fn hub_test_reports_a_failed_job_and_a_timeout_and_runs_the_others() {
    let room = TempDir::new().expect("there is room for a folder");
    let file = room.path().join("tests.json");
    let tests = json!({ "tests": [
        { "name": "wrong", "input": { "words": 2 }, "timeout": 10000 },
        { "name": "long", "input": { "text": "the gull", "words": 60000 }, "timeout": 1 },
        { "name": "right", "input": { "text": "the gull" }, "timeout": 10000 },
    ] });
    fs::write(&file, tests.to_string()).expect("it can be written");
    let output = hub_test(model(), &["--file", file.to_str().expect("UTF-8")]);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    for part in [
        "failed   wrong\n",
        "missing field `text`",
        "timeout  long: the job did not finish within 1 ms",
        "ok       right (",
        "\n1 of 3 tests passed\n",
    ] {
        assert!(stdout.contains(part), "{part:?} is not in: {stdout}");
    }
    let output = hub_test(
        model(),
        &["--file", file.to_str().expect("UTF-8"), "absent"],
    );
    assert_eq!(output.status.code(), Some(2));
    let text = text(&output);
    assert!(
        text.contains(r#"the tests are "wrong", "long", "right""#),
        "{text}"
    );
}

#[test]
fn hub_test_reports_a_worker_that_does_not_start() {
    let room = TempDir::new().expect("there is room for a folder");
    let file = room.path().join("tests.json");
    let tests = json!({
        "tests": [{ "name": "any", "input": { "text": "the gull" }, "timeout": 10000 }],
        "config": { "env": [{ "key": "MODEL_PATH", "value": "/absent" }] },
    });
    fs::write(&file, tests.to_string()).expect("it can be written");
    let file = file.to_str().expect("UTF-8");
    let output = hub_test(model(), &["--file", file]);
    let quiet = text(&output);
    assert_eq!(output.status.code(), Some(1), "{quiet}");
    // The worker fails one job with the reason, and then stops. Either may be seen first.
    assert!(
        quiet.contains("cannot load the model from /absent")
            || quiet.contains(
                "the worker stopped during the tests (exit status: 1); --verbose shows its log"
            ),
        "{quiet}"
    );
    let loud = text(&hub_test(model(), &["--verbose", "--file", file]));
    assert!(loud.contains("/absent"), "{loud}");
}
