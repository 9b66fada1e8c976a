//! A deployment that builds the worker's image and pushes it to a real registry.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::command::{Ran, Stage};
use crate::registry::{Registry, digest};

const CPU: &str = "cpu = [{ id = \"cpu5c\", vcpus = 2 }]\n";
/// The quick profile.
const IMAGE: &str = "[package.metadata.runpod.image]\nprofile = \"dev\"\n";

/// The folder of a worker without dependencies.
fn stage(settings: &str) -> Stage {
    let stage = Stage::with(settings);
    write(&stage, "here");
    stage
}

/// Writes a program that answers like a worker whose state is ready.
fn write(stage: &Stage, place: &str) {
    let main =
        format!("fn main() {{ println!(\"--test_input\\nThe local endpoint is at {place}\") }}\n");
    fs::write(stage.room.path().join("src/main.rs"), main).expect("there is room");
}

fn run(stage: &Stage, arguments: &[&str]) -> Ran {
    stage.finish(prepared(stage, arguments))
}

fn prepared(stage: &Stage, arguments: &[&str]) -> Command {
    let mut command = stage.command(&[&["deploy"], arguments].concat());
    let no_login = stage.room.path().join("no-login");
    command
        .env_remove("CARGO_TARGET_DIR")
        .env("CARGO_TERM_COLOR", "never")
        // The user's own login must not decide a test.
        .env("DOCKER_CONFIG", &no_login)
        .env("XDG_RUNTIME_DIR", &no_login);
    command
}

#[test]
fn the_worker_is_built_pushed_and_deployed_and_a_second_run_changes_nothing() {
    let registry = Registry::with("");
    let name = registry.name("me/hello:1");
    let stage = stage(&format!("{CPU}{IMAGE}"));
    let arguments = ["--yes", "--push", &name, r#"--smoke={"name": "Ada"}"#];
    let ran = run(&stage, &arguments);
    ran.code(0)
        .says("Building hello")
        .says("Checked: the worker starts")
        .says(&format!("Pushed {name}@sha256:"))
        .says("created endpoint hello (ep1)")
        .says("smoke job: COMPLETED");
    assert_eq!(ran.stdout, "[ADDRESS]/queue/ep1/run\n");
    let first = digest(&format!("docker://{name}"));
    let (request, body) = stage.only_change();
    assert_eq!(request, "POST /serverless");
    assert_eq!(body["image"], registry.name(&format!("me/hello@{first}")));

    let again = run(&stage, &arguments);
    again
        .code(0)
        .says("already there")
        .says("is up to date; nothing was changed")
        .says("smoke job: COMPLETED")
        .does_not_say("uploaded");
    stage.only_change();

    write(&stage, "another place");
    run(&stage, &arguments)
        .code(0)
        .says("updated endpoint hello (ep1)");
    let second = digest(&format!("docker://{name}"));
    assert_ne!(first, second);
    let (request, body) = stage.platform.changes().remove(1);
    assert_eq!(request, "PATCH /serverless/ep1");
    let image = registry.name(&format!("me/hello@{second}"));
    assert_eq!(body, json!({ "image": image }));
}

#[test]
fn the_setting_names_the_registry_and_a_dry_run_neither_builds_nor_pushes() {
    let stage = stage(&format!("push = \"127.0.0.1:9/me/hello:1\"\n{CPU}{IMAGE}"));
    let ran = run(&stage, &["--dry-run"]);
    ran.code(0)
        .says("--dry-run: the image would be built and pushed to 127.0.0.1:9/me/hello:1")
        .does_not_say("Building");
    assert!(
        ran.stdout
            .contains(r#""image": "127.0.0.1:9/me/hello@(known after the build)""#),
        "{}",
        ran.stdout
    );
    assert!(!stage.room.path().join("target").exists());
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn faults_are_found_before_the_build() {
    let name = "127.0.0.1:9/me/hello:1";
    let of = |settings: &str, arguments: &[&str], code: i32, told: &str| {
        let stage = stage(settings);
        run(&stage, arguments)
            .code(code)
            .says(told)
            .does_not_say("Building");
        assert_eq!(stage.platform.changes(), []);
    };
    of(
        CPU,
        &["--yes"],
        2,
        "it is not known where to push the image: pass --push",
    );
    of(
        "",
        &["--yes", "--push", name],
        2,
        "a new endpoint needs GPUs or CPUs",
    );
    of(
        CPU,
        &["--push", name],
        2,
        "there is no terminal to ask on; pass --yes",
    );
    of(CPU, &["--yes", "--push=https://host/a"], 2, "--push: found");
    of(
        CPU,
        &["--push", name, "--image=a:1"],
        2,
        "cannot be used with",
    );
    let misspelled = format!("{CPU}[package.metadata.runpod.image]\nbas = \"busybox\"\n");
    of(
        &misspelled,
        &["--yes", "--push", name],
        2,
        "there is no setting bas; did you mean base?",
    );
}

#[test]
fn if_the_build_fails_nothing_is_pushed_and_nothing_is_changed() {
    let registry = Registry::with("");
    let stage = stage(&format!("{CPU}{IMAGE}"));
    fs::write(
        stage.room.path().join("src/main.rs"),
        "fn main() { nothing }\n",
    )
    .expect("there is room");
    run(&stage, &["--yes", "--push", &registry.name("me/hello:1")])
        .code(1)
        .says("the worker did not build")
        .does_not_say("Pushed");
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn a_registry_without_encryption_on_another_machine_needs_insecure() {
    let registry = Registry::with("");
    // An address that leads here, but is none of the loopback addresses.
    let name = format!(
        "{}/me/hello:1",
        registry.host.replace("127.0.0.1", "0.0.0.0")
    );
    let stage = stage(&format!("{CPU}{IMAGE}"));
    let run = |more: &[&str]| {
        let mut command = prepared(&stage, &[&["--yes", "--push", &name], more].concat());
        command.env("NO_PROXY", "0.0.0.0");
        stage.finish(command)
    };
    run(&[])
        .code(1)
        .says("does not speak TLS; if you trust the network, pass --insecure");
    assert_eq!(stage.platform.changes(), []);
    run(&["--insecure"])
        .code(0)
        .says(&format!("Pushed {name}@sha256:"))
        .says("created endpoint hello (ep1)");
}
