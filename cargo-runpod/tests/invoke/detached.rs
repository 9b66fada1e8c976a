//! `invoke --detach`, and `cargo runpod job` for the jobs that it submitted.

use rustix::process::Signal;
use snapbox::str;

use crate::command::{Watched, run, run_tool, tool};
use crate::stage::Stage;

/// Submits a job and returns its id, which is all that the command writes to stdout.
fn submitted(stage: &Stage, input: &str) -> String {
    // In the output of a test, ids are replaced.
    let mut command = crate::command::at(stage);
    let output = command
        .args(["--detach", input])
        .output()
        .expect("the command starts");
    assert!(output.status.success());
    let id = String::from_utf8(output.stdout).expect("an id is text");
    id.trim_end().to_owned()
}

#[test]
fn a_detached_job_prints_its_id_and_the_commands_for_it() {
    let stage = Stage::without_worker();
    run(&stage, &["--detach", "{}"]).assert(
        0,
        "[ID]\n",
        str![[r#"
the endpoint accepted the job. To use it:

  cargo runpod job stream [ID] --url [URL]    # follow it to its end
  cargo runpod job status [ID] --url [URL]    # its state, and its output if it has finished
  cargo runpod job cancel [ID] --url [URL]

"#]],
    );
    run(&stage, &["--detach", "--json", "{}"]).assert(
        0,
        "{\"id\":\"[ID]\",\"status\":\"IN_QUEUE\"}\n",
        "",
    );
    assert_eq!(stage.get("/health")["jobs"]["inQueue"], 2);
}

#[test]
fn the_status_of_a_job_follows_it_from_the_queue_to_its_output() {
    let mut stage = Stage::without_worker();
    let id = submitted(
        &stage,
        r#"{"progress": [{"step": 1}], "do": "return", "value": {"b": 1}}"#,
    );
    run_tool(&stage, &["job", "status", &id]).assert(6, "", "IN_QUEUE (job [ID])\n");
    stage.attach("peer:async");
    let mut watched = Watched::of({
        let mut command = tool(stage.room(), &["job", "stream", &id, "-v"]);
        command.args(["--url", &stage.url()]);
        command
    });
    watched.waits_until_it_says("progress");
    run_tool(&stage, &["job", "status", &id]).assert(
        6,
        "",
        "IN_PROGRESS[..] on worker worker-1 (job [ID]): progress {\"step\":1}\n",
    );
    stage.go_on();
    let output = str![[r#"
{
  "b": 1
}

"#]];
    let summary = "COMPLETED in [..], after [..] in the queue, on worker worker-1 (job [ID])\n";
    watched.end(&stage).assert(0, output.clone(), summary);
    run_tool(&stage, &["job", "status", &id]).assert(0, output, summary);
    run_tool(&stage, &["job", "status", "--json", &id]).assert(
        0,
        str![[r#"
{"id":"[ID]","status":"COMPLETED","output":{"b":1},"delayTime":[..],"executionTime":[..],"workerId":"worker-1"}

"#]],
        "",
    );
}

#[test]
fn the_stream_of_a_job_is_read_by_a_later_command() {
    let mut stage = Stage::without_worker();
    let id = submitted(&stage, r#"{"text": "to be"}"#);
    stage.attach("stream");
    run_tool(&stage, &["job", "stream", &id]).assert(
        0,
        str![[r#"
{"index":0,"text":"TO"}
{"index":1,"text":"BE"}

"#]],
        "",
    );
}

#[test]
fn ctrl_c_stops_the_stream_and_leaves_the_job_running() {
    let stage = Stage::with("peer:async");
    let id = submitted(&stage, r#"{"do": "hang"}"#);
    let mut command = tool(stage.room(), &["job", "stream", &id, "-v"]);
    command.args(["--url", &stage.url()]);
    let mut watched = Watched::of(command);
    watched.waits_until_it_says("hanging");
    watched.signal(Signal::INT);
    watched.end(&stage).assert(130, "", "job [ID] continues\n");
    assert_eq!(stage.get(&format!("/status/{id}"))["status"], "IN_PROGRESS");
    run_tool(&stage, &["job", "cancel", &id]).assert(0, "", "job [ID] was cancelled\n");
    assert_eq!(stage.get(&format!("/status/{id}"))["status"], "CANCELLED");
    run_tool(&stage, &["job", "status", &id]).assert(3, "", "error: job [ID] was cancelled\n");
}

#[test]
fn a_finished_job_cannot_be_cancelled_any_more_which_is_no_error() {
    let stage = Stage::with("hello");
    let id = submitted(&stage, r#"{"name": "Ada"}"#);
    run_tool(&stage, &["job", "stream", &id]).assert(0, "Hello, Ada!\n", "");
    run_tool(&stage, &["job", "cancel", &id]).assert(
        0,
        "",
        "job [ID] had already finished: COMPLETED in [..], after [..] in the queue, on worker worker-1 (job [ID])\n",
    );
}

#[test]
fn a_job_that_the_endpoint_does_not_know_is_named() {
    let stage = Stage::without_worker();
    for word in ["status", "stream", "cancel"] {
        let ran = run_tool(&stage, &["job", word, "none"]);
        assert_eq!(ran.code, Some(5), "{}", ran.stderr);
        assert!(ran.stderr.contains("job none"), "{}", ran.stderr);
    }
    run_tool(&stage, &["job", "status", "none"]).assert(5, "", str![[r#"
error: [URL] does not know job none: it answered 404 Not Found: [..]. Check the id; a result is kept for 30 minutes after the job

"#]]);
}

#[test]
fn an_id_that_is_none_is_not_sent() {
    let stage = Stage::without_worker();
    let ran = run_tool(&stage, &["job", "cancel", "../purge-queue"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("expected the id of a job"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_status_request_that_fails_is_retried() {
    let faults = r#"{"rules": [{"route": "status", "error": 1, "status": 503}]}"#;
    let stage = Stage::with_faults(None, faults);
    let id = submitted(&stage, "{}");
    let ran = run_tool(&stage, &["job", "status", &id, "--retry-for", "1"]);
    ran.assert(5, "", str![[r#"
note: reading the job's state: the endpoint answered 503 Service Unavailable: this error was injected on purpose; /local/faults shows the rules; retrying
error: [URL] answered 503 Service Unavailable: this error was injected on purpose; /local/faults shows the rules

"#]]);
}
