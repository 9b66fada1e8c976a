//! `cargo runpod status` and `cargo runpod endpoints`.

use serde_json::{Value, json};
use snapbox::str;

use crate::command::Stage;

#[test]
fn the_state_of_an_endpoint_is_shown_with_its_workers_and_its_queue() {
    let stage = Stage::with("");
    stage
        .platform
        .has("hello", &json!({ "workers": { "min": 1, "max": 3 } }));
    stage
        .run(&["status", "hello"])
        .assert(0, str![[r#"
hello (ep1)
  type      QUEUE
  image     example/hello:1
  workers   1 to 3; more if jobs wait longer than 4 s, idle ones stop after 10 s
  url       [ADDRESS]/queue/ep1/run
  version   1, released 2026-06-01T12:00:00Z
  queue     2 in queue, 1 in progress, 10 completed, 3 failed, 4 retried

WORKER    STATUS        VERSION  GPU        DATA CENTER  UPTIME
worker_1  INITIALIZING  1        NVIDIA L4  US-TX-3      60 s

"#]], str![[r#"
warning: workers.min is 1, so the endpoint never scales to zero; 1 worker(s) are billed even without jobs. To change it, run `cargo runpod deploy --min-workers 0`

"#]]);
}

#[test]
fn workers_of_older_versions_and_sick_ones_are_marked() {
    let stage = Stage::with("");
    stage
        .platform
        .has("hello", &json!({ "workers": { "min": 1, "max": 3 } }));
    let mut held = stage.platform.state();
    held.endpoints[0].change(json!({ "image": "example/sick:2" }).as_object().unwrap());
    held.endpoints[0].release(2, &json!([]));
    drop(held);
    let ran = stage.run(&["status", "hello"]);
    ran.code(0).says("1 worker(s) are unhealthy");
    assert!(
        ran.stdout
            .contains("1 of 2 workers run the current version"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("1 (old)"), "{}", ran.stdout);
}

#[test]
fn the_state_is_also_a_json_document() {
    let stage = Stage::with("");
    stage.platform.has("hello", &json!({}));
    let ran = stage.run(&["status", "hello", "--json"]);
    ran.code(0).does_not_say("warning");
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["scalesToZero"], true);
    assert_eq!(told["jobs"]["inQueue"], 2);
    assert_eq!(told["workers"], json!([]));
}

#[test]
fn a_load_balancer_has_no_queue() {
    let stage = Stage::with("");
    let more = json!({ "type": "LOAD_BALANCER", "scaling": { "type": "REQUEST_COUNT", "requestCount": 4 } });
    stage.platform.has("hello", &more);
    let ran = stage.run(&["status", "hello"]);
    ran.code(0);
    assert!(!ran.stdout.contains("queue"), "{}", ran.stdout);
}

#[test]
fn endpoints_are_listed_by_name() {
    let stage = Stage::with("");
    let ran = stage.run(&["endpoints"]);
    ran.code(0).says("the account of this key has no endpoints");
    assert_eq!(ran.stdout, "");
    stage
        .platform
        .has("second", &json!({ "workers": { "min": 1, "max": 2 } }));
    stage.platform.has("first\u{1b}[1m", &json!({}));
    stage.run(&["endpoints"]).assert(
        0,
        str![[r#"
NAME            ID   TYPE   WORKERS  IMAGE
first\u{1b}[1m  ep2  QUEUE  0-3      example/hello:1
second          ep1  QUEUE  1-2      example/hello:1

"#]],
        str![[r#""#]],
    );
    let ran = stage.run(&["endpoints", "--json"]);
    let list: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(list["endpoints"][1]["name"], "second");
}
