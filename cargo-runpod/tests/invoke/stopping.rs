//! Signals, and readers of stdout that go away.

use rustix::process::Signal;
use snapbox::str;

use crate::command::Watched;
use crate::stage::Stage;

const HANG: &str = r#"{"do": "hang"}"#;

#[test]
fn sigint_and_sigterm_cancel_the_job() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let stage = Stage::with("peer:async");
        let mut watched = Watched::start(&stage, &["-v", HANG]);
        let id = watched.waits_until_it_says("hanging");
        watched.signal(signal);
        watched
            .end(&stage)
            .assert(code, str![], "job [ID] was cancelled\n");
        assert_eq!(stage.get(&format!("/status/{id}"))["status"], "CANCELLED");
    }
}

#[test]
fn a_job_that_waits_is_cancelled_too() {
    let stage = Stage::without_worker();
    let mut watched = Watched::start(&stage, &["-v", "{}"]);
    let id = watched.waits_until_it_says("in queue");
    watched.signal(Signal::INT);
    watched
        .end(&stage)
        .assert(130, "", "job [ID] was cancelled\n");
    assert_eq!(stage.get(&format!("/status/{id}"))["status"], "CANCELLED");
}

#[test]
fn a_cancelled_job_has_its_document_too() {
    let stage = Stage::with("peer:async");
    let mut watched = Watched::start(&stage, &["--json", "-v", HANG]);
    watched.waits_until_it_says("hanging");
    watched.signal(Signal::TERM);
    watched.end(&stage).assert(
        143,
        str![[r#"
{"id":"[ID]","status":"CANCELLED","delayTime":[..],"executionTime":[..],"workerId":"worker-1"}

"#]],
        str![[r#"
job [ID] was cancelled

"#]],
    );
}

#[test]
fn a_cancel_that_fails_says_that_the_job_may_go_on() {
    let faults = r#"{"rules": [{"route": "cancel", "error": 1, "status": 503}]}"#;
    let stage = Stage::with_faults(Some("peer:async"), faults);
    let mut watched = Watched::start(&stage, &["-v", "--retry-for", "1", HANG]);
    watched.waits_until_it_says("hanging");
    watched.signal(Signal::INT);
    watched.end(&stage).assert(130, str![], str![[r#"
note: cancelling the job: the endpoint answered 503 Service Unavailable: this error was injected on purpose; /local/faults shows the rules; retrying
job [ID] could not be cancelled and may continue: the endpoint answered 503 Service Unavailable: this error was injected on purpose; /local/faults shows the rules

"#]]);
}

#[test]
fn a_reader_that_goes_away_cancels_the_job_without_a_word() {
    let stage = Stage::with("stream");
    // This is far more than the test reads. While another test starts a process, that process may briefly hold the pipe
    // open.
    let words = "word ".repeat(1000);
    let input = format!(r#"{{"text": "{words}", "pause_ms": 20}}"#);
    let mut watched = Watched::start(&stage, &["-v", &input]);
    let id = watched.waits_until_it_says("job ");
    assert_eq!(watched.line(), "{\"index\":0,\"text\":\"WORD\"}\n");
    watched.stop_reading();
    let ran = watched.end(&stage);
    assert_eq!(ran.code, Some(141), "{}", ran.stderr);
    assert!(
        !ran.stderr.contains("error") && !ran.stderr.contains("panic"),
        "{}",
        ran.stderr
    );
    assert_eq!(stage.get(&format!("/status/{id}"))["status"], "CANCELLED");
}
