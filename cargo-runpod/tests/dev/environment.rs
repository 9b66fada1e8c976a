//! A worker has the environment and the folder that `cargo run` gives it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::command::{Dev, dev, without_our_variables};
use crate::crate_under_edit::{Crate, built};
use crate::script;

/// Variables that count nested calls of cargo and of the shell.
const COUNTERS: [&str; 3] = ["RUST_RECURSION_COUNT", "SHLVL", "_"];

/// A build script that makes a shared library. The system finds the library through the path that cargo sets.
const SCRIPT: &str = r#"
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = std::env::var("OUT_DIR").unwrap();
    let source = format!("{out}/tiny.c");
    std::fs::write(&source, "int tiny(void) { return 42; }").unwrap();
    let library = format!("{out}/libtiny.so");
    let status = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-o", &library, &source])
        .status()
        .unwrap();
    assert!(status.success());
    println!("cargo::rustc-link-search=native={out}");
    println!("cargo::rustc-link-lib=dylib=tiny");
    println!("cargo::rustc-env=FROM_THE_SCRIPT=yes");
}
"#;

const CONFIGURATION: &str = r#"
[env]
SET = "by the configuration"
SET_BEFORE = "not this value"
FORCED = { value = "by the configuration", force = true }
A_PATH = { value = "weights", relative = true }
"#;

/// Returns what the job wrote, with the environment as a map.
fn told(file: &Path) -> (BTreeMap<String, String>, Value) {
    let text = std::fs::read_to_string(file).expect("the job has written it");
    let told: Value = serde_json::from_str(&text).expect("JSON");
    let variables = told["environment"].as_array().expect("a list").iter();
    let environment = variables.filter_map(|variable| {
        let (name, value) = variable.as_str()?.split_once('=')?;
        let is_ours = name.starts_with("RUNPOD_") || COUNTERS.contains(&name);
        (!is_ours).then(|| (name.to_owned(), value.to_owned()))
    });
    (environment.collect(), told.clone())
}

#[tokio::test]
async fn a_worker_has_the_environment_and_the_folder_that_cargo_run_gives_it() {
    let edited = Crate::new("environment");
    edited.write("build.rs", SCRIPT);
    edited.write(".cargo/config.toml", CONFIGURATION);
    let main = crate::crate_under_edit::MAIN.replace(
        "const EDITION",
        "unsafe extern \"C\" { fn tiny() -> i32; }\n\nconst EDITION",
    );
    let main = main.replace(
        "\"variable\" =>",
        "\"library\" => return json!(unsafe { tiny() }),\n        \"variable\" =>",
    );
    edited.write("src/main.rs", &main);
    let with_variables = |command: &mut Command| {
        command.env("SET_BEFORE", "yes").env("FORCED", "not this");
    };

    let mut command = dev(edited.folder());
    with_variables(&mut command);
    command.args(["--port", "0"]);
    let dev = Dev::spawn(&edited, command);
    let client = dev.client().await;
    let ours = edited.path("ours.json");
    let job = client
        .run(json!({ "do": "environment", "file": ours }))
        .await;
    client.output(&job).await;
    let job = client.run(json!({ "do": "library" })).await;
    assert_eq!(client.output(&job).await, 42);

    let cargos = edited.path("cargos.json");
    let job = json!({ "input": { "do": "environment", "file": cargos } });
    let mut command = Command::new(env!("CARGO"));
    without_our_variables(command.as_std_mut());
    with_variables(&mut command);
    let run = command
        .args(["run", "--", "--test_input", &job.to_string()])
        .current_dir(edited.folder())
        .env("CARGO_TARGET_DIR", built())
        .env("CARGO_BUILD_JOBS", "2")
        .stdin(std::process::Stdio::null())
        .output()
        .await
        .expect("cargo starts");
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );

    let (environment, ours) = told(&ours);
    let (expected, cargos) = told(&cargos);
    assert_eq!(environment, expected);
    assert_eq!(ours["folder"], cargos["folder"]);
    assert_eq!(ours["name"], cargos["name"]);
    // The worker's standard input is empty, whatever the command uses it for.
    assert_eq!(ours["input"], "");
    assert_eq!(environment["SET"], "by the configuration");
    assert_eq!(environment["SET_BEFORE"], "yes");
    assert_eq!(environment["FORCED"], "by the configuration");
    let weights = edited.path("weights").display().to_string();
    assert_eq!(environment["A_PATH"], weights);
    assert_eq!(environment["CARGO_PKG_NAME"], edited.name);
    assert!(
        environment["LD_LIBRARY_PATH"].contains("/build/"),
        "{environment:?}"
    );

    // An edit of the configuration reaches the worker, although the program stays the same.
    edited.replace(
        ".cargo/config.toml",
        &CONFIGURATION.replace("by the configuration", "again"),
    );
    dev.says("worker-1-2 has taken over").await;
    let job = client.run(json!({ "do": "variable", "file": "SET" })).await;
    assert_eq!(client.output(&job).await, "again");
    dev.end().await;
}

#[tokio::test]
async fn the_runner_of_cargos_configuration_starts_the_worker() {
    let edited = Crate::new("runner");
    script::write(
        &edited.path("runner.sh"),
        "#!/bin/sh\nexport THROUGH=\"$1\"\nshift\nexec \"$@\"\n",
    );
    edited.write(
        ".cargo/config.toml",
        "[target.'cfg(unix)']\nrunner = [\"./runner.sh\", \"the runner\"]\n",
    );
    let dev = Dev::start(&edited, &[]);
    let client = dev.client().await;
    let job = client
        .run(json!({ "do": "variable", "file": "THROUGH" }))
        .await;
    assert_eq!(client.output(&job).await, "the runner");
    dev.end().await;
}

#[tokio::test]
async fn a_profile_of_the_manifest_is_used_and_an_unknown_one_is_told_by_cargo() {
    let edited = Crate::new("profile");
    let manifest = std::fs::read_to_string(edited.path("Cargo.toml")).expect("a manifest");
    // It differs from `dev` in nothing, but has a folder of its own.
    edited.write(
        "Cargo.toml",
        &format!("{manifest}\n[profile.mine]\ninherits = \"dev\"\n"),
    );
    let dev = Dev::start(&edited, &["--profile", "other"]);
    dev.says("error: profile `other` is not defined").await;
    dev.end().await;
}
