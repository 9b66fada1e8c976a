//! The job that is sent after a deployment.

use serde_json::json;
use snapbox::str;

use crate::command::Stage;

const CPU: &str = "cpu = [{ id = \"cpu5c\", vcpus = 2 }]";

#[test]
fn the_smoke_job_starts_a_worker_and_its_output_is_shown() {
    let stage = Stage::with(CPU);
    let ran = stage.deploy(&["--image=example/hello:1", "--smoke", r#"{"name": "Ada"}"#]);
    ran.code(0)
        .says("smoke job: COMPLETED in 20 ms, after 10 ms in the queue, on worker worker_1 (job job-1)")
        .says(r#"smoke job output: {"echo":{"name":"Ada"}}"#)
        .does_not_say("no worker starts before the first job");
}

#[test]
fn an_endpoint_that_is_up_to_date_can_be_tried_as_well() {
    let stage = Stage::with(CPU);
    stage.platform.has("hello", &json!({}));
    let ran = stage.deploy(&["--image=example/hello:1", "--smoke={}"]);
    ran.code(0)
        .says("is up to date; nothing was changed")
        .says("smoke job: COMPLETED");
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn a_smoke_job_that_fails_is_told_with_its_error() {
    let stage = Stage::with(CPU);
    let ran = stage.deploy(&["--image=example/hello:1", r#"--smoke={"do": "fail"}"#]);
    let error = ran.stderr.split_once("error: ").unwrap().1;
    ran.code(1);
    snapbox::assert_data_eq!(
        error.to_owned(),
        str![[r#"
the smoke job failed
job job-1 failed: the model is empty
The last lines of the log:
  worker_1 [system] | create container example/hello:1
  worker_1 | loading the model
  worker_1 | worker ready
endpoint hello (ep1) exists. Workers are billed while they start and run. To delete it, run `cargo runpod delete ep1`. To return to the release before, run `cargo runpod deploy --rollback`

"#]]
    );
}

#[test]
fn a_smoke_job_without_an_end_is_cancelled() {
    let stage = Stage::with(CPU);
    let ran = stage.deploy(&[
        "--image=example/hello:1",
        r#"--smoke={"do": "hang"}"#,
        "--timeout=4",
    ]);
    ran.code(1)
        .says("the smoke job job-1 has not finished in time")
        .says("the smoke job job-1 was cancelled");
    assert!(stage.platform.state().endpoints[0].jobs[0].is_cancelled);
}

#[test]
fn a_smoke_job_is_cancelled_if_no_worker_comes_up() {
    let stage = Stage::with(CPU);
    let ran = stage.deploy(&["--image=example/crash:1", "--smoke={}"]);
    ran.code(1)
        .says("it crashes")
        .says("the smoke job job-1 was cancelled");
    assert!(stage.platform.state().endpoints[0].jobs[0].is_cancelled);
}
