//! Errors and outages of the endpoint.

use snapbox::str;

use crate::command::{Watched, run};
use crate::stage::Stage;

const ADA: &str = r#"{"name": "Ada"}"#;

#[test]
fn a_job_is_followed_through_faults_to_its_end() {
    let faults = r#"{"seed": 7, "rules": [
        {"route": "status", "error": 0.3, "status": 503, "reset_before": 0.2, "malformed": 0.2},
        {"route": "stream", "error": 0.4, "status": 429, "reset_before": 0.1}
    ]}"#;
    let stage = Stage::with_faults(Some("stream"), faults);
    let words = "to be or not to be that is the question";
    let ran = run(
        &stage,
        &[
            "--retry-for",
            "60",
            &format!(r#"{{"text": "{words}", "pause_ms": 20}}"#),
        ],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let streamed: Vec<_> = ran
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["text"]
                .as_str()
                .unwrap()
                .to_lowercase()
        })
        .collect();
    assert_eq!(streamed.join(" "), words);
    assert!(
        ran.stderr.contains("retrying for up to 60 s"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_run_that_was_certainly_not_accepted_is_sent_again() {
    let faults = r#"{"rules": [{"route": "run", "error": 1, "status": 429}]}"#;
    let stage = Stage::with_faults(Some("hello"), faults);
    let mut watched = Watched::start(&stage, &[ADA]);
    watched.waits_until_it_says("429 Too Many Requests: this error was injected on purpose; /local/faults shows the rules; retrying for up to 10 s");
    stage.delete("/local/faults");
    watched.end(&stage).assert(0, "Hello, Ada!\n", "");
    assert_eq!(stage.get("/health")["jobs"]["completed"], 1);
}

#[test]
fn a_run_that_may_have_been_accepted_is_not_sent_again() {
    let faults = r#"{"rules": [{"route": "run", "reset_after": 1}]}"#;
    let stage = Stage::with_faults(None, faults);
    run(&stage, &[ADA]).assert(
        5,
        str![],
        str![[r#"
error: [URL] gave no complete answer: Connection reset by peer (os error 104)

The endpoint may have accepted the job, so it was not sent again.

"#]],
    );
    assert_eq!(stage.get("/health")["jobs"]["inQueue"], 1);

    let faults = r#"{"rules": [{"route": "run", "error": 1, "status": 502}]}"#;
    let stage = Stage::with_faults(None, faults);
    run(&stage, &[ADA]).assert(
        5,
        str![],
        str![[r#"
error: [URL] answered 502 Bad Gateway: this error was injected on purpose; /local/faults shows the rules

The endpoint may have accepted the job, so it was not sent again.

"#]],
    );
}

#[test]
fn trying_again_has_an_end() {
    let faults = r#"{"rules": [{"route": "run", "error": 1, "status": 429}]}"#;
    let stage = Stage::with_faults(None, faults);
    run(&stage, &["--retry-for", "1", ADA]).assert(5, str![], str![[r#"
note: [URL] answered 429 Too Many Requests: this error was injected on purpose; /local/faults shows the rules; retrying for up to 1 s
error: [URL] did not accept the job: it answered 429 Too Many Requests: this error was injected on purpose; /local/faults shows the rules

"#]]);

    let faults = r#"{"rules": [{"route": "status", "error": 1, "status": 503}]}"#;
    let stage = Stage::with_faults(None, faults);
    run(&stage, &["--retry-for", "1", ADA]).assert(5, str![], str![[r#"
note: reading the job's state: the endpoint answered 503 Service Unavailable: this error was injected on purpose; /local/faults shows the rules; retrying for up to 1 s
error: stopped following job [ID]: [URL] answered 503 Service Unavailable: this error was injected on purpose; /local/faults shows the rules. The job may continue; its state is at [URL]/status/[ID]

"#]]);
}

#[test]
fn a_job_that_a_restarted_endpoint_does_not_know_is_told() {
    let mut stage = Stage::without_worker();
    let mut watched = Watched::start(&stage, &["-v", "--retry-for", "60", ADA]);
    watched.waits_until_it_says("in queue");
    stage.start_again_with(None);
    let ran = watched.end(&stage);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    let told =
        "error: [URL] no longer knows job [ID]: the job has expired, or the endpoint was restarted";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

#[test]
fn an_endpoint_that_is_being_started_is_waited_for_where_that_is_asked() {
    let mut stage = Stage::without_worker();
    stage.shut_down();
    let mut watched = Watched::start(&stage, &["--retry-for", "60", ADA]);
    watched.waits_until_it_says("retrying for up to 60 s");
    stage.start_again_with(Some("hello"));
    watched.end(&stage).assert(0, "Hello, Ada!\n", "");
}

#[test]
fn an_endpoint_that_ends_takes_the_job_with_it() {
    let mut stage = Stage::with("peer:async");
    let mut watched = Watched::start(&stage, &["-v", "--retry-for", "1", r#"{"do": "hang"}"#]);
    watched.waits_until_it_says("hanging");
    stage.shut_down();
    let ran = watched.end(&stage);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("it has stopped, and job [ID] is lost"),
        "{}",
        ran.stderr
    );
}

#[test]
fn items_that_may_be_missing_are_told() {
    let faults = r#"{"rules": [{"route": "stream", "reset_after": 1}]}"#;
    let stage = Stage::with_faults(Some("stream"), faults);
    let ran = run(&stage, &["--retry-for", "1", r#"{"text": "to be"}"#]);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("items may be missing"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_job_that_no_worker_takes_says_why_it_waits() {
    let mut stage = Stage::without_worker();
    let mut watched = Watched::start(&stage, &[ADA]);
    watched.waits_until_it_says("waits in the queue: no worker is attached to the endpoint at ");
    stage.attach("hello");
    watched.end(&stage).assert(0, "Hello, Ada!\n", "");
}

#[test]
fn a_job_behind_others_says_so_once() {
    let stage = Stage::with("peer:async");
    let mut first = Watched::start(&stage, &["-v", r#"{"do": "hang"}"#]);
    let id = first.waits_until_it_says("hanging");
    let mut second = Watched::start(&stage, &[r#"{"do": "return", "value": 1}"#]);
    second.waits_until_it_says("waits in the queue: all workers are busy with other jobs");
    stage.post(&format!("/cancel/{id}"));
    second.end(&stage).assert(0, "1\n", "");
    drop(first);
}
