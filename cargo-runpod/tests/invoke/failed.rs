//! Jobs that do not complete, each with its exit code.

use std::time::Duration;

use runpod_local::{Endpoint, Timing};
use snapbox::str;

use crate::command::{Watched, run};
use crate::stage::Stage;

#[test]
fn the_report_of_a_failed_job_is_made_readable() {
    let stage = Stage::with("peer:async");
    run(
        &stage,
        &[r#"{"do": "raise", "message": "no such model:\n\u001b[31mtiny"}"#],
    )
    .assert(
        1,
        str![],
        str![[r#"
error: job [ID] failed: no such model:
\u{1b}[31mtiny
  worker: worker-1
  traceback:
    in handler `asynchronous`

"#]],
    );
}

#[test]
fn input_that_does_not_fit_is_a_failed_job() {
    let stage = Stage::with("hello");
    run(&stage, &[r#"{"nam": "Ada"}"#]).assert(
        1,
        str![],
        str![[r#"
error: job [ID] failed: input: missing field `name`
  type: InputError
  worker: worker-1
  traceback:
    in handler `greet` (examples/hello.rs:15)

"#]],
    );
}

#[test]
fn a_stream_that_fails_keeps_its_items() {
    let stage = Stage::with("stream");
    run(&stage, &[r#"{"text": "to incomprehensibilities!"}"#]).assert(
        1,
        str![[r#"
{"index":0,"text":"TO"}

"#]],
        str![[r#"
error: job [ID] failed: word 1 is too long for this model
  worker: worker-1
  traceback:
    in handler `generate` (examples/stream.rs:28)

"#]],
    );
}

#[test]
fn a_job_that_somebody_else_cancels_is_code_3() {
    let stage = Stage::with("peer:async");
    let mut watched = Watched::start(&stage, &["-v", r#"{"do": "hang"}"#]);
    let id = watched.waits_until_it_says("hanging");
    stage.post(&format!("/cancel/{id}"));
    watched.end(&stage).assert(
        3,
        str![],
        str![[r#"
error: job [ID] was cancelled, but not by this command

"#]],
    );
}

#[test]
fn a_job_that_takes_too_long_is_code_4() {
    let mut timing = Timing::default();
    timing.execution_timeout = Duration::from_millis(200);
    let stage = Stage::of(Endpoint::new().timing(timing), Some("peer:async"));
    run(&stage, &[r#"{"do": "hang"}"#]).assert(4, str![], str![[r#"
error: job [ID] timed out: the job ran for longer than its execution timeout of 200 ms (policy.executionTimeout); to allow more time, send a policy in milliseconds: {"input": …, "policy": {"executionTimeout": 1200000, "ttl": 86400000}}

"#]]);
}

#[test]
fn a_request_that_the_endpoint_does_not_take_is_told_in_its_words() {
    let stage = Stage::without_worker();
    run(&stage, &[r#"{"input": {}, "policy": {"ttl": 1}}"#]).assert(5, str![], str![[r#"
error: [URL] did not accept the job: it answered 400 Bad Request: policy.ttl: found 1; expected a whole number of milliseconds from 10000 to 604800000

"#]]);
}
