//! An endpoint that exists.

use serde_json::json;
use snapbox::str;

use crate::command::Stage;

#[test]
fn the_difference_is_shown_and_only_it_is_sent() {
    let stage = Stage::with(
        r#"
workers = { min = 0, max = 5 }
env = { MODE = "fast", API_KEY = "new-secret", NEW = "1" }
scaling = { queue-delay = 4 }
flashboot = "priority"
"#,
    );
    stage.platform.has(
        "hello",
        &json!({ "env": { "MODE": "slow", "API_KEY": "old-secret", "GONE": "x" }, "workers": { "min": 0, "max": 3 } }),
    );
    let ran = stage.deploy(&["--image", "example/hello:2"]);
    ran.assert(0, str![[r#"
[ADDRESS]/queue/ep1/run

"#]], str![[r#"
Endpoint hello (ep1, version 1) changes:
  image        example/hello:1 -> example/hello:2
  env.API_KEY  (hidden) (changed)
  env.GONE     x -> removed
  env.MODE     slow -> fast
  env.NEW      1
  flashboot    OFF -> PRIORITY_FLASHBOOT
  workers.max  3 -> 5
updated endpoint hello (ep1)
no worker starts before the first job, because the minimum is 0, so the new version was not tried; pass --smoke JSON to send a job

"#]]);
    ran.does_not_say("secret");
    let (request, body) = stage.only_change();
    assert_eq!(request, "PATCH /serverless/ep1");
    assert_eq!(
        body,
        json!({
            "image": "example/hello:2", "env": { "API_KEY": "new-secret", "MODE": "fast", "NEW": "1" }, "workers": { "max": 5 },
            "flashboot": "PRIORITY_FLASHBOOT",
        })
    );
}

#[test]
fn the_command_waits_until_a_worker_runs_the_new_version_and_shows_its_log() {
    let stage = Stage::with("");
    stage
        .platform
        .has("hello", &json!({ "workers": { "min": 1, "max": 3 } }));
    let ran = stage.deploy(&["--image", "example/slow:2"]);
    ran.code(0)
        .says("worker worker_2 waits for a free machine")
        .says("worker worker_2 is starting")
        .says("worker_2 [system] | create container example/slow:2")
        .says("worker_2 | loading the model")
        .says("worker worker_2 runs the new version")
        .says("warning: workers.min is 1, so the endpoint never scales to zero");
    assert_eq!(ran.stdout, "[ADDRESS]/queue/ep1/run\n");
}

#[test]
fn a_change_of_scaling_applies_at_once() {
    let stage = Stage::with("workers = { max = 7 }");
    stage.platform.has("hello", &json!({}));
    stage
        .deploy(&["--image", "example/hello:1"])
        .code(0)
        .says("workers.max  3 -> 7")
        .says("no new version was made");
    let (_, body) = stage.only_change();
    assert_eq!(body, json!({ "workers": { "max": 7 } }));
}

#[test]
fn an_endpoint_can_be_named_by_its_id() {
    let stage = Stage::with("");
    stage.platform.has("hello", &json!({}));
    let second = stage.platform.has("hello", &json!({}));
    stage
        .deploy(&["--image=a:1"])
        .code(2)
        .says("2 endpoints are named hello; pass the id of one of them")
        .says("ep1, ep2");
    stage.deploy(&["--image=a:1", "--name", &second]).code(0);
    assert_eq!(stage.only_change().0, "PATCH /serverless/ep2");
}
