//! Workers that do not come up: the reason, the end of the log, and what remains.

use serde_json::json;
use snapbox::str;

use crate::command::{Ran, Stage};

fn deployed(image: &str, more: &[&str]) -> (Stage, Ran) {
    let stage = Stage::with("workers = { min = 1 }");
    stage
        .platform
        .has("hello", &json!({ "workers": { "min": 1, "max": 3 } }));
    let arguments: Vec<&str> = ["--image", image].iter().chain(more).copied().collect();
    let ran = stage.deploy(&arguments);
    (stage, ran)
}

#[test]
fn a_crash_loop_is_told_with_the_end_of_the_log() {
    let (_stage, ran) = deployed("example/crash:2", &[]);
    ran.code(1)
        .says("error: worker worker_2 has started 4 times and was never ready: it crashes")
        .says("The last lines of the log:\n  worker_2 ")
        .says("worker_2 | thread 'main' panicked: no model")
        .says("endpoint hello (ep1) exists. 1 worker always runs and is billed, even without jobs. To delete it, run `cargo runpod delete ep1`")
        .says("`cargo runpod deploy --rollback`");
}

#[test]
fn an_image_that_cannot_be_pulled_is_told() {
    let (_stage, ran) = deployed("example/missing:2", &[]);
    ran.code(1).says("error: the image cannot be pulled: error pulling image: manifest for example/missing:2 not found");
}

#[test]
fn a_worker_that_stays_unhealthy_is_told() {
    let (_stage, ran) = deployed("example/sick:2", &[]);
    ran.code(1).says("error: worker worker_2 stays UNHEALTHY");
}

#[test]
fn a_worker_that_never_gets_ready_is_given_up_after_the_timeout() {
    let (_stage, ran) = deployed("example/stuck:2", &["--timeout", "3"]);
    let error = ran.stderr.split_once("error: ").unwrap().1;
    ran.code(1);
    snapbox::assert_data_eq!(
        error.to_owned(),
        str![[r#"
no worker runs the new version after 3 s (--timeout); the last state: worker worker_2 is starting
The last lines of the log:
  worker_2 [system] | create container example/stuck:2
  worker_2 | loading the model
endpoint hello (ep1) exists. 1 worker always runs and is billed, even without jobs. To delete it, run `cargo runpod delete ep1`. To return to the release before, run `cargo runpod deploy --rollback`

"#]]
    );
}
