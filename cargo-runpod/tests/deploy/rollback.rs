//! `--rollback`.

use serde_json::json;
use snapbox::str;

use crate::command::Stage;

#[test]
fn the_newest_release_is_undone() {
    let stage = Stage::with("");
    stage.platform.has(
        "hello",
        &json!({ "env": { "MODE": "slow" }, "workers": { "min": 1, "max": 3 } }),
    );
    stage.set("env = { MODE = \"fast\" }");
    stage.deploy(&["--image=example/hello:2"]).code(0);
    let ran = stage.deploy(&["--rollback"]);
    ran.code(0)
        .says("image     example/hello:2 -> example/hello:1")
        .says("env.MODE  fast -> slow")
        .says("worker worker_3 runs the new version");
    let changes = stage.platform.changes();
    assert_eq!(
        changes[1].1,
        json!({ "image": "example/hello:1", "env": { "MODE": "slow" } })
    );
}

#[test]
fn the_first_release_cannot_be_undone() {
    let stage = Stage::with("");
    stage.platform.has("hello", &json!({}));
    stage
        .deploy(&["--rollback"])
        .assert(1, str![[r#""#]], str![[r#"
error: release rel_1_1 has changed nothing that could be undone; it may be the endpoint's first release

"#]]);
    stage
        .deploy(&["--rollback", "--name=hallo"])
        .code(2)
        .says("no endpoint hallo; did you mean hello");
}

#[test]
fn a_release_with_fields_of_unknown_meaning_is_not_undone() {
    let stage = Stage::with("");
    stage.platform.has("hello", &json!({}));
    let diff = json!([{ "field": "gpuIds", "old": "ADA_24", "new": "AMPERE_24" }]);
    stage.platform.state().endpoints[0].release(7, &diff);
    stage
        .deploy(&["--rollback"])
        .code(1)
        .says("fields that this command cannot set back")
        .says("gpuIds: ADA_24");
    assert_eq!(stage.platform.changes(), []);
}
