//! `cargo runpod delete`.

use serde_json::json;

use crate::command::Stage;
use crate::platform::Fault;

#[test]
fn an_endpoint_is_deleted_by_name_or_id() {
    let stage = Stage::with("");
    stage.platform.has("hello", &json!({}));
    stage.platform.has("other", &json!({}));
    let ran = stage.run(&["delete", "hello", "--yes"]);
    ran.code(0);
    assert_eq!(ran.stdout, "deleted endpoint hello (ep1)\n");
    stage.run(&["delete", "ep2", "--yes"]).code(0);
    assert!(stage.platform.state().endpoints.is_empty());
    stage
        .run(&["delete", "hello", "--yes"])
        .code(2)
        .says("no endpoint hello");
}

#[test]
fn without_a_terminal_and_without_consent_nothing_is_deleted() {
    let stage = Stage::with("");
    stage.platform.has("hello", &json!({}));
    stage.run(&["delete", "hello"]).code(2).says("pass --yes");
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn a_deletion_without_a_clear_answer_is_told() {
    let stage = Stage::with("");
    stage.platform.has("hello", &json!({}));
    let fault = Fault {
        method: "DELETE",
        path: "/ep1",
        status: 500,
        header: None,
        times: 1,
        is_done: true,
    };
    stage.platform.state().faults.push(fault);
    stage
        .run(&["delete", "hello", "--yes"])
        .code(5)
        .says("The endpoint may be deleted");
    assert_eq!(stage.platform.changes().len(), 1);
}
