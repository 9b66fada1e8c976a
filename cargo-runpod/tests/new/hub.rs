//! The files for the Runpod Hub follow its rules, and the tests in them pass.

use std::fs;

use serde_json::{Value, json};

use crate::generated::{Worker, workers};
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
