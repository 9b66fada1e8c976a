//! Two deployments at the same time: the second one notices.

use serde_json::json;

use crate::command::Stage;
use crate::platform::{Act, Meanwhile};

const CPU: &str = "cpu = [{ id = \"cpu5c\", vcpus = 2 }]";

fn stage(meanwhile: Meanwhile, exists: bool) -> Stage {
    let stage = Stage::with(CPU);
    if exists {
        stage
            .platform
            .has("hello", &json!({ "workers": { "min": 1, "max": 3 } }));
    }
    stage.platform.state().meanwhile.push(meanwhile);
    stage
}

#[test]
fn a_release_between_the_comparison_and_the_change_stops_the_second_deployment() {
    let meanwhile = Meanwhile {
        method: "GET",
        path: "/releases",
        before: 2,
        act: Act::Deploy("other:9"),
    };
    let stage = stage(meanwhile, true);
    stage
        .deploy(&["--image=example/hello:2"])
        .code(1)
        .says("nothing was changed: another deployment has changed endpoint hello meanwhile (rel_1_2 of 2026-06-01T12:00:00Z)");
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn an_endpoint_that_was_created_meanwhile_stops_the_second_deployment() {
    let meanwhile = Meanwhile {
        method: "GET",
        path: "/serverless",
        before: 2,
        act: Act::Create("hello"),
    };
    let stage = stage(meanwhile, false);
    stage.deploy(&["--image=example/hello:2"]).code(1).says(
        "nothing was changed: endpoint hello (ep1) was created by another deployment meanwhile",
    );
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn twins_that_were_created_at_the_same_time_are_told() {
    let meanwhile = Meanwhile {
        method: "POST",
        path: "/serverless",
        before: 1,
        act: Act::Create("hello"),
    };
    let stage = stage(meanwhile, false);
    stage
        .deploy(&["--image=example/hello:2"])
        .code(0)
        .says("created endpoint hello (ep2)")
        .says("another deployment has created an endpoint of the same name at the same time: ep1");
}

#[test]
fn a_release_that_replaces_this_one_while_it_starts_is_told() {
    let meanwhile = Meanwhile {
        method: "GET",
        path: "/workers",
        before: 3,
        act: Act::Deploy("other:9"),
    };
    let stage = stage(meanwhile, true);
    stage
        .deploy(&["--image=example/stuck:2"])
        .code(1)
        .says("another deployment has replaced this one: version 2 was deployed here, and version 3 is current now");
}

#[test]
fn a_release_that_is_made_right_before_the_change_is_told() {
    let meanwhile = Meanwhile {
        method: "PATCH",
        path: "/ep1",
        before: 1,
        act: Act::Deploy("other:9"),
    };
    let stage = stage(meanwhile, true);
    stage
        .deploy(&["--image=example/hello:2"])
        .code(0)
        .says("note: several releases were made since the comparison")
        .says("worker worker_3 runs the new version");
}
