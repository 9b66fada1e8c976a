//! The start of `cargo runpod dev`.

use std::net::TcpListener;

use serde_json::json;

use crate::client::eventually;
use crate::command::{Dev, dev};
use crate::crate_under_edit::{Crate, MAIN};

#[tokio::test]
async fn a_first_build_that_fails_is_shown_and_jobs_wait_for_the_next() {
    let edited = Crate::new("first-fails");
    edited.write(
        "src/main.rs",
        &MAIN.replace("match work.what", "match work.when"),
    );
    let dev = Dev::start(&edited, &[]);
    let client = dev.client().await;
    dev.says("error[E0609]: no field `when`").await;
    dev.says("the worker does not build; jobs wait in the queue")
        .await;
    let health = client.get("/health").await;
    assert_eq!(health["local"]["state"], "build_failed", "{health}");
    assert_eq!(health["local"]["reason"], "the worker does not build");
    let job = client.run(json!({ "do": "tell" })).await;
    edited.write("test_input.json", r#"{"input": {"do": "example"}}"#);
    edited.replace("src/main.rs", MAIN);
    assert_eq!(client.output(&job).await["edition"], "first");

    let state = client.get("/local/state").await;
    assert_eq!(state["examples"], json!([{ "input": { "do": "example" } }]));
    assert_eq!(state["handlers"][0]["name"], "work");
    let properties = &state["handlers"][0]["input"]["properties"];
    assert_eq!(properties["do"]["type"], "string", "{state}");
    // The command reads the worker's log lines separately, so they can arrive after the result.
    eventually("the job's log has the line Started.", async || {
        let logs = client.get(&format!("/local/jobs/{job}")).await;
        let lines = logs["logs"].as_array().expect("the value is an array");
        lines.iter().any(|line| line["text"] == "Started.")
    })
    .await;
    dev.end().await;
}

#[tokio::test]
async fn a_port_in_use_is_told_before_anything_is_built() {
    let edited = Crate::new("port");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = taken
        .local_addr()
        .expect("the listener has an address")
        .port()
        .to_string();
    let output = dev(edited.folder()).args(["--port", &port]).output().await;
    let output = output.expect("the command can be started");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!(
            "error: cannot listen on 127.0.0.1, port {port}: the port is in use by another program; stop the program that \
             listens there, or choose another port with --port (0 picks any free port)\n"
        )
    );
}

#[tokio::test]
async fn several_programs_without_a_choice_are_listed() {
    let edited = Crate::new("several");
    edited.write("src/bin/other.rs", "fn main() {}\n");
    edited.write("examples/third.rs", "fn main() {}\n");
    let output = dev(edited.folder()).args(["--port", "0"]).output().await;
    let output = output.expect("the command can be started");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: several programs could be the worker; choose one of:\n  --bin dev-several\n  --bin other\n  --example \
         third\n"
    );
}

#[tokio::test]
async fn a_folder_without_a_package_is_told_in_cargos_words() {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    let output = dev(folder.path()).args(["--port", "0"]).output().await;
    let output = output.expect("the command can be started");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.starts_with("error: could not find `Cargo.toml`"),
        "{told}"
    );
}

#[tokio::test]
async fn a_program_that_is_no_worker_is_told_what_it_lacks_and_not_started_again() {
    let edited = Crate::new("no-worker");
    edited.write("src/main.rs", "fn main() { println!(\"good day\") }\n");
    let dev = Dev::start(&edited, &[]);
    dev.says(
        "worker-1-1 stopped before it took a job: exit code 0, and the program is not a worker: no function in dev-no-worker \
         has #[runpod::main], which makes a program ask for jobs. Waiting for an edit",
    )
    .await;
    let health = dev.client().await.get("/health").await;
    assert_eq!(health["local"]["state"], "crashed", "{health}");
    assert_eq!(
        health["local"]["reason"],
        "exit code 0 before it asked for a job"
    );
    edited.replace(
        "src/main.rs",
        "fn main() { eprintln!(\"usage: no\"); std::process::exit(2) }\n",
    );
    dev.says(
        "worker-1-2 stopped before it took a job: exit code 2, and the program is not a worker",
    )
    .await;
    edited.replace("src/main.rs", MAIN);
    dev.says("worker-1-3 takes jobs").await;
    assert!(
        !dev.printed().contains("restarting in"),
        "{}",
        dev.printed()
    );

    let manifest =
        std::fs::read_to_string(edited.path("Cargo.toml")).expect("the file can be read");
    let without = manifest
        .lines()
        .filter(|line| !line.starts_with("runpod-worker"));
    edited.write("src/main.rs", "fn main() {}\n");
    edited.replace("Cargo.toml", &without.collect::<Vec<_>>().join("\n"));
    dev.says("the package dev-no-worker does not depend on runpod-worker")
        .await;
    dev.end().await;
}

#[tokio::test]
async fn a_builder_worker_that_panics_before_it_runs_is_started_again() {
    let edited = Crate::new("panics-first");
    let outside = tempfile::tempdir().expect("a temporary folder can be created");
    let database = outside.path().join("database");
    let main = MAIN.replace("#[runpod::main]\n", "")
        + &format!(
            "
#[tokio::main(flavor = \"current_thread\")]
async fn main() -> Result<(), runpod::Error> {{
    if !std::path::Path::new({database:?}).exists() {{
        panic!(\"the database is not up\");
    }}
    runpod::Worker::builder().handler(work).run().await
}}
"
        );
    edited.write("src/main.rs", &main);
    let manifest =
        std::fs::read_to_string(edited.path("Cargo.toml")).expect("the file can be read");
    let manifest = manifest.replace("[\"time\"]", "[\"macros\", \"rt\", \"time\"]");
    edited.write("Cargo.toml", &manifest);
    let dev = Dev::start(&edited, &[]);
    dev.says("worker-1-1 stopped before it took a job: exit code 101; restarting in 1 s")
        .await;
    std::fs::write(&database, "").expect("the file can be written");
    dev.says(" takes jobs").await;
    let printed = dev.printed();
    assert!(!printed.contains("is not a worker"), "{printed}");
    dev.end().await;
}

#[tokio::test]
async fn a_worker_whose_arguments_make_it_do_something_else_is_not_started_again() {
    let edited = Crate::new("other-arguments");
    let job = r#"{"input": {"do": "tell"}}"#;
    let dev = Dev::start(&edited, &["--", "--test_input", job]);
    dev.says(
        "worker-1-1 stopped before it took a job: exit code 0, perhaps because of the arguments after `--`; it is not \
         restarted. Waiting for an edit",
    )
    .await;
    dev.end().await;
}

#[tokio::test]
async fn a_first_build_says_nothing_of_the_lock_file_that_it_makes() {
    let edited = Crate::new("lock");
    // The crate's lock file does not match its dependencies, so cargo rewrites it.
    let dev = Dev::start(&edited, &[]);
    dev.says("takes jobs").await;
    let client = dev.client().await;
    let job = client.run(json!({ "do": "print" })).await;
    client.output(&job).await;
    edited.replace("src/main.rs", &Crate::edition("second"));
    dev.says("has taken over").await;
    let printed = dev.printed();
    assert!(!printed.contains("the same as before"), "{printed}");
    assert!(!printed.contains("Cargo.lock"), "{printed}");
    // The default log level of a worker is INFO here.
    assert!(
        printed.contains("INFO   | ") && !printed.contains("DEBUG  | "),
        "{printed}"
    );
    dev.end().await;
}
