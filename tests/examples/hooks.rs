//! Tests when fitness checks and shutdown hooks run, and what a failure does, with the example `checked`.

use std::net::TcpListener;

use serde_json::json;
use tokio::process::Command;
use tokio::time::timeout;

use crate::endpoint::Post;
use crate::process::{Ended, PATIENCE, example, on_test_input};
use crate::session::Session;

/// Turns the built-in checks on, with limits that every machine fulfils and with `network` as the network.
fn with_built_in_checks(worker: &mut Command, network: &TcpListener) {
    let network = network.local_addr().expect("a bound socket has an address");
    worker
        .env("RUNPOD_SKIP_AUTO_SYSTEM_CHECKS", "false")
        .env("RUNPOD_MIN_MEMORY_GB", "0")
        .env("RUNPOD_MIN_DISK_PERCENT", "0")
        .env("RUNPOD_NETWORK_CHECK_ADDRESS", network.to_string());
}

fn network() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a loopback port is free")
}

async fn run(mut worker: Command) -> Ended {
    let run = timeout(PATIENCE, worker.output()).await;
    run.expect("the worker exits")
        .expect("the worker starts")
        .into()
}

/// Returns the given texts in the order in which the output has them.
fn in_order<'a>(ended: &Ended, texts: &[&'a str]) -> Vec<&'a str> {
    let mut found: Vec<_> = texts
        .iter()
        .filter_map(|text| Some((ended.text.find(text)?, *text)))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, text)| text).collect()
}

#[tokio::test]
async fn checks_run_before_the_first_job_and_hooks_in_reverse_order_after_the_last_one() {
    let network = network();
    let jobs = [json!({ "id": "a", "input": { "text": "to be" } })];
    let mut session = Session::start_with("checked", jobs, |worker| {
        with_built_in_checks(worker, &network);
    })
    .await;

    assert_eq!(
        session.posts(1).await["a"],
        [Post::Result(json!({ "output": 2 }))]
    );
    let ended = session.stop().await;
    ended.assert_code(0);
    // The first four and the fifth are two groups, with `main` between them.
    let events = [
        "temporary_files_can_be_written passed",
        "_memory_check passed",
        "_disk_check passed",
        "_network_check passed",
        "4 fitness checks passed",
        "first prediction passed",
        "1 fitness checks passed",
        "unloading 4 words",
        "goodbye",
    ];
    assert_eq!(in_order(&ended, &events), events, "{ended}");
}

#[tokio::test]
async fn a_worker_whose_check_fails_takes_no_job_and_still_runs_its_shutdown_hooks() {
    let jobs = [json!({ "id": "a", "input": { "text": "to be" } })];
    let mut session = Session::start_with("checked", jobs, |worker| {
        worker.env("MODEL_WORDS", "");
    })
    .await;

    let ended = session.ended().await;
    ended.assert_code(1);
    assert_eq!(session.endpoint.jobs_left(), 1, "{ended}");
    let events = [
        "unloading 0 words",
        "goodbye",
        "this worker is broken and has stopped (first prediction): Error: the model knows no word (examples/checked.rs:",
    ];
    assert_eq!(in_order(&ended, &events), events, "{ended}");
}

#[tokio::test]
async fn after_a_failed_start_the_shutdown_hooks_without_state_run() {
    let mut session = Session::start_with("checked", [], |worker| {
        worker.env("MODEL_WORDS", "404");
    })
    .await;

    let ended = session.ended().await;
    ended.assert_code(1);
    ended.assert_shows(&["goodbye", "the model's file is damaged"]);
    assert!(!ended.text.contains("unloading"), "{ended}");
}

#[tokio::test]
async fn a_worker_on_a_machine_that_is_not_fit_says_what_is_wrong_and_what_changes_it() {
    let network = network();
    let cases = [
        ("RUNPOD_MIN_MEMORY_GB", "1000000", "_memory_check"),
        ("RUNPOD_MIN_DISK_PERCENT", "100", "_disk_check"),
        // Nothing listens on this port.
        (
            "RUNPOD_NETWORK_CHECK_ADDRESS",
            "127.0.0.1:9",
            "_network_check",
        ),
    ];
    for (variable, value, check) in cases {
        let mut session = Session::start_with("checked", [], |worker| {
            with_built_in_checks(worker, &network);
            worker.env(variable, value);
        })
        .await;
        let ended = session.ended().await;
        ended.assert_code(1);
        let broken =
            format!("this worker is broken and has stopped ({check}): RuntimeError: found ");
        let line = ended.text.lines().find(|line| line.contains(&broken));
        let line = line.unwrap_or_else(|| panic!("no line has {broken:?}. {ended}"));
        assert!(line.contains(", expected "), "{line}");
        assert!(line.contains(&format!("; {variable} sets the ")), "{line}");
        assert!(!ended.text.contains("unloading"), "{ended}");
    }
}

#[tokio::test]
async fn a_local_run_skips_the_checks_and_runs_the_shutdown_hooks() {
    let job = json!({ "input": { "text": "to be" } });
    let ended = on_test_input("checked", &job).await;
    ended.assert_code(0);
    ended.assert_shows(&["unloading 4 words", "goodbye"]);
    assert!(!ended.text.contains("fitness check"), "{ended}");
}

#[tokio::test]
async fn the_flag_check_prints_all_checks_with_their_times() {
    let network = network();
    let mut worker = example("checked");
    with_built_in_checks(&mut worker, &network);
    worker.arg("--check");
    let ended = run(worker).await;
    ended.assert_code(0);
    let lines = ended.text.lines();
    let rows: Vec<Vec<&str>> = lines
        .skip_while(|line| !line.starts_with("check "))
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .collect()
        })
        .take(6)
        .collect();
    let names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let expected = [
        "check",
        "temporary_files_can_be_written",
        "_memory_check",
        "_disk_check",
        "_network_check",
        "first prediction",
    ];
    assert_eq!(names, expected, "{ended}");
    for row in &rows[1..] {
        assert_eq!(row[1], "ok", "{ended}");
        assert!(row[2].ends_with(" ms"), "{ended}");
    }
}

#[tokio::test]
async fn the_flag_check_runs_the_other_checks_after_a_failure_and_ends_with_an_error() {
    let mut worker = example("checked");
    worker.arg("--check").env("MODEL_WORDS", "");
    worker.env("TMPDIR", "/nowhere/at/all");
    let ended = run(worker).await;
    ended.assert_code(1);
    ended.assert_shows(&[
        "temporary_files_can_be_written  FAILED ",
        "built-in checks                 skipped ",
        "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS is true",
        "first prediction                FAILED ",
        "Error: the model knows no word (examples/checked.rs:",
        "2 of 3 fitness checks failed",
    ]);
}

#[tokio::test]
async fn the_flag_check_shows_the_checks_before_a_failed_start() {
    let mut worker = example("checked");
    worker.arg("--check").env("MODEL_WORDS", "404");
    let ended = run(worker).await;
    ended.assert_code(1);
    ended.assert_shows(&[
        "temporary_files_can_be_written  ok ",
        "the model's file is damaged",
    ]);
    assert!(!ended.text.contains("first prediction"), "{ended}");
}
