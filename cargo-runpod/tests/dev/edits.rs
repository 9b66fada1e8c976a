//! Edits while `cargo runpod dev` runs.

use serde_json::json;

use crate::client::eventually;
use crate::command::{Dev, dev_of, processes_with};
use crate::crate_under_edit::Crate;

#[tokio::test]
async fn an_edit_replaces_the_worker_and_loses_no_job() {
    let edited = Crate::new("edit");
    let dev = Dev::start(&edited, &[]);
    let client = dev.client().await;
    dev.says("worker-1-1 takes jobs").await;
    let gate = edited.path("gate");
    let long = client.run(json!({ "do": "wait", "file": gate })).await;
    client.until_progress(&long, "waits").await;
    let mut queued = Vec::new();
    for _ in 0..20 {
        queued.push(client.run(json!({ "do": "tell" })).await);
    }

    edited.replace("src/main.rs", &Crate::edition("second"));
    dev.says("src/main.rs changed").await;
    // The worker with the long job does not take these jobs: it has only one slot, and was asked to stop.
    for job in &queued {
        assert_eq!(client.output(job).await["edition"], "second");
    }
    dev.says("worker-1-2 has taken over; worker-1-1 finishes")
        .await;
    let health = client.get("/health").await;
    assert_eq!(health["jobs"]["inProgress"], 1, "{health}");
    std::fs::write(&gate, "").expect("the file can be written");
    assert_eq!(client.output(&long).await["edition"], "first");
    let health = client.get("/health").await;
    assert_eq!(health["jobs"]["retried"], 0, "{health}");

    // A comment does not change the program.
    let commented = Crate::edition("second") + "// No code.\n";
    edited.replace("src/main.rs", &commented);
    dev.says("the program is the same as before").await;
    dev.end().await;
}

#[tokio::test]
async fn a_compile_error_is_shown_and_keeps_the_worker_and_a_new_file_heals_it() {
    let edited = Crate::new("broken");
    let dev = Dev::start(&edited, &[]);
    let client = dev.client().await;
    dev.says("worker-1-1 takes jobs").await;

    let split = Crate::edition("split").replace("EDITION, \"process", "more::EDITION, \"process");
    edited.replace("src/main.rs", &format!("mod more;\n{split}"));
    dev.says("error[E0583]: file not found for module `more`")
        .await;
    dev.says("the worker does not build; the workers of the last successful build continue")
        .await;
    let job = client.run(json!({ "do": "tell" })).await;
    assert_eq!(client.output(&job).await["edition"], "first");

    // This folder did not exist before.
    edited.write(
        "src/more/mod.rs",
        "pub(crate) const EDITION: &str = include_str!(\"../../edition.txt\");\n",
    );
    dev.says_again("the worker does not build; the workers", 2)
        .await;
    edited.write("edition.txt", "from a file");
    edited.replace(
        "src/more/mod.rs",
        "pub(crate) const EDITION: &str = include_str!(\"../../edition.txt\"); // now\n",
    );
    dev.says("worker-1-2 has taken over").await;
    let job = client.run(json!({ "do": "tell" })).await;
    assert_eq!(client.output(&job).await["edition"], "from a file");

    // The file is part of the program now, although it is not in a source folder.
    edited.replace("edition.txt", "from another");
    dev.says("worker-1-3 has taken over").await;
    let job = client.run(json!({ "do": "tell" })).await;
    assert_eq!(client.output(&job).await["edition"], "from another");
    dev.end().await;
}

#[tokio::test]
async fn an_edit_during_a_build_begins_it_again_and_leaves_nothing_of_the_first() {
    let edited = Crate::new("restarted");
    let gate = edited.path("gate");
    // This build script runs until the file exists.
    let script = format!(
        "fn main() {{ while !std::path::Path::new({gate:?}).exists() {{ \
         std::thread::sleep(std::time::Duration::from_millis(20)); }} }}\n"
    );
    edited.write("build.rs", &script);
    let dev = Dev::start(&edited, &[]);
    let client = dev.client().await;
    let scripts = || {
        let mut all = processes_with("build-script-build");
        all.retain(|line| line.contains(&edited.name));
        all.len()
    };
    eventually("the build is held up", async || scripts() == 1).await;
    let health = client.get("/health").await;
    assert_eq!(health["local"]["state"], "building", "{health}");
    assert_eq!(health["workers"]["initializing"], 1, "{health}");
    // The endpoint already accepts jobs.
    let job = client.run(json!({ "do": "tell" })).await;

    edited.replace("src/main.rs", &Crate::edition("second"));
    edited.replace("build.rs", "fn main() {}\n");
    dev.says("restarting the build").await;
    dev.says("worker-1-1 takes jobs").await;
    assert_eq!(scripts(), 0);
    assert_eq!(client.output(&job).await["edition"], "second");
    dev.end().await;
}

/// An installation of another version removes the program of a running command.
#[tokio::test]
async fn an_edit_is_built_after_the_program_of_the_command_was_removed() {
    let edited = Crate::new("removed");
    let outside = tempfile::tempdir().expect("a folder");
    let program = outside.path().join("cargo-runpod");
    std::fs::copy(env!("CARGO_BIN_EXE_cargo-runpod"), &program).expect("a copy");
    let mut command = dev_of(&program, edited.folder());
    command.args(["--port", "0"]);
    let dev = Dev::spawn(&edited, command);
    dev.says("worker-1-1 takes jobs").await;
    std::fs::remove_file(&program).expect("a file");
    edited.replace("src/main.rs", &Crate::edition("second"));
    dev.says("worker-1-2 has taken over").await;
    dev.end().await;
}
