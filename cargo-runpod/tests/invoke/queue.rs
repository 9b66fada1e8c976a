//! `cargo runpod health` and `cargo runpod purge`.

use runpod_local::Endpoint;
use snapbox::str;

use crate::command::{finish, run, run_tool, tool};
use crate::stage::{KEY, Stage};
use crate::terminal::Terminal;

#[test]
fn health_counts_jobs_and_workers_and_says_why_jobs_wait() {
    let stage = Stage::without_worker();
    run_tool(&stage, &["health"]).assert(
        0,
        str![[r#"
jobs:    0 in queue, 0 in progress, 0 completed, 0 failed, 0 retried
workers: 0 running, 0 idle, 0 ready, 0 initializing, 0 throttled, 0 unhealthy

"#]],
        "",
    );
    run(&stage, &["--detach", "{}"]);
    let ran = run_tool(&stage, &["health"]);
    assert!(ran.stdout.contains("1 in queue"), "{}", ran.stdout);
    assert!(
        ran.stdout
            .contains("jobs wait in the queue: no worker is attached"),
        "{}",
        ran.stdout
    );
    let ran = run_tool(&stage, &["health", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["jobs"]["inQueue"], 1);
}

#[test]
fn health_of_an_endpoint_that_does_not_listen_is_an_error_at_once() {
    let mut stage = Stage::without_worker();
    stage.shut_down();
    let ran = run_tool(&stage, &["health"]);
    assert_eq!(ran.code, Some(5));
    assert!(
        ran.stderr
            .starts_with("error: no endpoint answers at [URL]"),
        "{}",
        ran.stderr
    );
}

#[test]
fn health_asks_the_deployed_form_of_an_endpoint_with_its_key() {
    let stage = Stage::of(Endpoint::new().api_key(Some(KEY.to_owned())), None);
    let mut command = tool(stage.room(), &["health", "--endpoint", "local"]);
    command
        .env("RUNPOD_ENDPOINT_BASE_URL", format!("{}/v2", stage.url()))
        .env("RUNPOD_LOCAL_API_KEY", KEY);
    let ran = finish(&stage, command, "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    run_tool(&stage, &["health"]).assert(
        5,
        "",
        str![[r#"
error: [URL] requires a key (401 Unauthorized); set RUNPOD_LOCAL_API_KEY to it

"#]],
    );
}

#[test]
fn purge_removes_the_waiting_jobs_and_leaves_the_running_one() {
    let stage = Stage::with("peer:async");
    let mut watched = crate::command::Watched::start(&stage, &["-v", r#"{"do": "hang"}"#]);
    let running = watched.waits_until_it_says("hanging");
    for _ in 0..2 {
        run(&stage, &["--detach", r#"{"do": "nothing"}"#]);
    }
    run_tool(&stage, &["purge", "--yes"]).assert(0, "removed 2 jobs from the queue of [URL]\n", "");
    assert_eq!(stage.get("/health")["jobs"]["inQueue"], 0);
    let status = stage.get(&format!("/status/{running}"));
    assert_eq!(status["status"], "IN_PROGRESS");
    run_tool(&stage, &["purge"]).assert(0, "", "no job waits in the queue of [URL]\n");
}

#[test]
fn purge_without_a_terminal_needs_yes() {
    let stage = Stage::without_worker();
    run(&stage, &["--detach", "{}"]);
    run_tool(&stage, &["purge"]).assert(2, "", str![[r#"
error: nothing was changed: there is no terminal to ask on; pass --yes to go ahead without a question

"#]]);
    assert_eq!(stage.get("/health")["jobs"]["inQueue"], 1);
}

#[test]
fn purge_asks_on_a_terminal_and_only_a_yes_removes() {
    let stage = Stage::without_worker();
    run(&stage, &["--detach", "{}"]);
    for (answer, left, code) in [("", 1, 1), ("n", 1, 1), ("y", 0, 0)] {
        let mut command = tool(stage.room(), &["purge"]);
        command.args(["--url", &stage.url()]);
        let mut terminal = Terminal::of(command);
        terminal.sees("Remove the waiting job from the queue");
        terminal.types(answer);
        terminal.ends(code);
        assert_eq!(stage.get("/health")["jobs"]["inQueue"], left, "{answer:?}");
    }
}
