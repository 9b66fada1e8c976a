//! Settings and keys that are refused, and what is sent in these cases.

use serde_json::json;
use snapbox::str;

use crate::command::Stage;
use crate::platform::WITHOUT_RIGHTS;

#[test]
fn unknown_settings_are_refused_before_any_request() {
    let stage = Stage::with("flash-boot = \"on\"\nworkers = { minimum = 1 }");
    stage
        .deploy(&["--image=a:1"])
        .assert(2, str![[r#""#]], str![[r#"
error: [ROOM]/Cargo.toml: [package.metadata.runpod.deploy]: there is no setting flash-boot; did you mean flashboot? The known names are name, type, push, template, gpu, cpu, scaling, workers, execution-timeout, flashboot, volumes, data-centers, env, pass-env, registry, disk, args, ports
there is no setting workers.minimum; did you mean min? The known names are min, max, idle-timeout

"#]]);
    assert!(stage.platform.state().requests.is_empty());
}

#[test]
fn contradictions_are_refused_before_any_request() {
    let stage = Stage::with(
        "workers = { min = 3, max = 1 }\ntype = \"load-balancer\"\nscaling = { queue-delay = 4 }",
    );
    stage.deploy(&["--image=a:1"]).assert(
        2,
        str![[r#""#]],
        str![[r#"
error: workers: the minimum 3 is above the maximum 1
scaling.queue-delay: a load-balancer endpoint has no queue; set scaling.request-count

"#]],
    );
    assert!(stage.platform.state().requests.is_empty());
}

#[test]
fn unknown_names_are_refused_with_the_nearest_ones() {
    let stage = Stage::with(
        "gpu = { pools = [\"ADA24\", \"RTX 4090\", \"NVIDIA GeForce RTX 3070\"] }\ndata-centers = [\"US-TX-4\"]\nregistry = \"ghrc\"\ntemplate = \"tpl_9\"",
    );
    stage
        .deploy(&["--image=a:1"])
        .assert(2, str![[r#""#]], str![[r#"
error: gpu: there is no pool ADA24; did you mean ADA_24 or ADA_48_PRO? The known names are ADA_24, ADA_48_PRO, AMPERE_24
gpu: RTX 4090 is a GPU and not a pool; it is in the pool ADA_24
gpu: NVIDIA GeForce RTX 3070 is a GPU that serverless endpoints cannot use; the pools are ADA_24, ADA_48_PRO, AMPERE_24
data-centers: there is no data center US-TX-4; did you mean US-TX-3? The known names are US-TX-3
registry: there are no credentials ghrc; did you mean ghcr? The known names are ghcr, twin, twin
template: there is no template tpl_9 that this key can read

"#]]);
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn other_unusable_names_are_refused() {
    for (settings, told) in [
        (
            "cpu = [{ id = \"cpu5x\", vcpus = 2 }]",
            "there is no flavor cpu5x; did you mean cpu5c",
        ),
        (
            "cpu = [{ id = \"cpu5c\", vcpus = 64 }]",
            "cpu5c has 2 to 32 vCPUs; found 64",
        ),
        (
            "registry = \"twin\"",
            "several credentials are named twin; use an id: reg_2, reg_3",
        ),
        ("template = \"tpl_pod\"", "tpl_pod is a template for pods"),
        (
            "gpu = { pools = [\"ADA_24\"], exclude = [\"NVIDIA L4\"] }",
            "NVIDIA L4 is in none of the pools",
        ),
        (
            "gpu = { pools = [\"ADA_24\"], exclude = [\"NVIDIA GeForce RTX 4090\"] }",
            "every GPU of the pools is excluded",
        ),
        ("", "a new endpoint needs GPUs or CPUs"),
    ] {
        let stage = Stage::with(settings);
        stage.deploy(&["--image=a:1"]).code(2).says(told);
        assert_eq!(stage.platform.changes(), []);
    }
}

#[test]
fn what_cannot_be_changed_is_refused_before_the_request() {
    let stage = Stage::with("type = \"load-balancer\"\ngpu = { pools = [\"ADA_24\"] }");
    stage.platform.has("hello", &json!({}));
    stage
        .deploy(&["--image=a:1"])
        .assert(2, str![[r#""#]], str![[r#"
error: type: the endpoint is QUEUE, and its type cannot be changed; delete the endpoint first, or deploy under another name
gpu: the endpoint has CPU workers, which cannot be changed to GPUs; delete the endpoint first, or deploy under another name

"#]]);
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn without_a_terminal_and_without_consent_nothing_is_changed() {
    let stage = Stage::with("cpu = [{ id = \"cpu5c\", vcpus = 2 }]");
    stage
        .run(&["deploy", "--image=a:1"])
        .code(2)
        .says("there is no terminal to ask on; pass --yes");
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn a_key_is_needed() {
    let stage = Stage::with("");
    for command in [
        &["deploy", "--image=a:1"][..],
        &["status", "hello"],
        &["logs", "hello"],
        &["endpoints"],
        &["delete", "hello"],
    ] {
        let mut without = stage.command(command);
        without.env_remove("RUNPOD_API_KEY");
        stage
            .finish(without)
            .code(2)
            .says("RUNPOD_API_KEY is not set");
    }
    assert!(stage.platform.state().requests.is_empty());
}

#[test]
fn a_wrong_key_is_told_and_not_shown() {
    let stage = Stage::with("");
    let mut command = stage.command(&["endpoints"]);
    command.env("RUNPOD_API_KEY", "rpa_wrong_key");
    let ran = stage.finish(command);
    ran.assert(5, str![[r#""#]], str![[r#"
error: GET /serverless: [ADDRESS]/v2 answered 401 Unauthorized: invalid bearer token [redacted]
Runpod does not accept the key in RUNPOD_API_KEY; create a key in the Runpod console under Settings, API Keys

"#]]);
    let mut command = stage.command(&["deploy", "--yes", "--image=a:1"]);
    command.env("RUNPOD_API_KEY", WITHOUT_RIGHTS);
    stage
        .finish(command)
        .code(5)
        .says("403 Forbidden: access denied")
        .says("The key in RUNPOD_API_KEY may not do this");
}

#[test]
fn the_key_is_not_sent_over_an_unencrypted_connection() {
    let stage = Stage::with("");
    for arguments in [
        &["endpoints", "--api-url", "http://api.example/v2"][..],
        &["endpoints", "--api-url", "ftp://x"],
    ] {
        stage.run(arguments).code(2).says("--api-url: ");
    }
    let mut command = stage.command(&["endpoints"]);
    command.env("RUNPOD_REST_URL", "http://api.example/v2");
    stage
        .finish(command)
        .code(2)
        .says("RUNPOD_REST_URL: http://api.example/v2 is not encrypted");
}

#[test]
fn an_image_and_a_passed_variable_must_exist() {
    let stage = Stage::with("");
    stage
        .deploy(&["--image", "a b"])
        .code(2)
        .says("expected the reference of an image");
    stage
        .deploy(&["--image=a:1", "--env", "RUNPOD_NOT_SET_HERE"])
        .code(2)
        .says("RUNPOD_NOT_SET_HERE is to be passed");
    stage.deploy(&["--image=a:1", "--smoke", "{"]).code(2);
    stage
        .deploy(&["--image=a:1", "--smoke={}", "--type=load-balancer"])
        .code(2)
        .says("--smoke sends a job to a queue");
    assert_eq!(stage.platform.changes(), []);
}
