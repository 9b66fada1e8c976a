//! An API that refuses, fails or is gone.

use serde_json::json;

use crate::command::Stage;
use crate::platform::Fault;

const USUAL: Fault = Fault {
    method: "GET",
    path: "/serverless",
    status: 429,
    header: None,
    times: 1,
    is_done: false,
};

fn stage(fault: Fault) -> Stage {
    let stage = Stage::with("cpu = [{ id = \"cpu5c\", vcpus = 2 }]");
    stage.platform.state().faults.push(fault);
    stage
}

#[test]
fn a_rate_limit_is_waited_out() {
    let header = Some(("ratelimit", r#""minute";r=0;t=1, "hour";r=50;t=1000"#));
    let stage = stage(Fault {
        header,
        times: 2,
        ..USUAL
    });
    stage.run(&["endpoints"]).code(0).says(
        "429 Too Many Requests: rate limit exceeded for the minute window; retrying for up to 10 s",
    );
    let asked = stage.platform.state().requests.len();
    assert_eq!(asked, 3);
}

#[test]
fn a_rate_limit_that_lasts_too_long_is_told() {
    let stage = stage(Fault {
        header: Some(("ratelimit", r#""hour";r=0;t=1000"#)),
        ..USUAL
    });
    stage
        .run(&["endpoints"])
        .code(5)
        .says("The account's rate limit is used up");
    assert_eq!(stage.platform.state().requests.len(), 1);
}

#[test]
fn a_creation_that_was_refused_for_its_rate_is_sent_again() {
    let stage = stage(Fault {
        method: "POST",
        header: Some(("retry-after", "1")),
        ..USUAL
    });
    stage
        .deploy(&["--image=a:1"])
        .code(0)
        .says("created endpoint hello (ep1)");
    assert_eq!(stage.platform.changes().len(), 2);
    assert_eq!(stage.platform.state().endpoints.len(), 1);
}

#[test]
fn a_creation_without_a_clear_answer_is_not_sent_again_and_a_second_run_continues() {
    let stage = stage(Fault {
        method: "POST",
        status: 502,
        is_done: true,
        ..USUAL
    });
    stage
        .deploy(&["--image=a:1"])
        .code(5)
        .says("502 Bad Gateway")
        .says("The request may have been carried out. Run the same command again to continue");
    assert_eq!(stage.platform.changes().len(), 1);
    stage
        .deploy(&["--image=a:1"])
        .code(0)
        .says("endpoint hello (ep1) is up to date");
    assert_eq!(stage.platform.state().endpoints.len(), 1);
}

#[test]
fn a_read_request_is_repeated_after_an_error_of_the_server() {
    let stage = stage(Fault {
        status: 503,
        times: 2,
        ..USUAL
    });
    stage.run(&["endpoints"]).code(0);
    assert_eq!(stage.platform.state().requests.len(), 3);
}

#[test]
fn a_conflict_is_told_in_the_words_of_the_api() {
    let stage = stage(Fault {
        method: "PATCH",
        path: "/ep1",
        status: 409,
        ..USUAL
    });
    stage.platform.has("hello", &json!({}));
    stage
        .deploy(&["--image=a:2"])
        .code(5)
        .says("409 Conflict: this was not expected")
        .says("Nothing was changed.");
}

#[test]
fn an_api_that_is_not_there_is_told_at_once() {
    let stage = Stage::with("");
    let mut command = stage.command(&["endpoints"]);
    command.env("RUNPOD_REST_URL", "http://127.0.0.1:1/v2");
    stage
        .finish(command)
        .code(5)
        .says("GET /serverless: http://127.0.0.1:1/v2 could not be reached");
}
