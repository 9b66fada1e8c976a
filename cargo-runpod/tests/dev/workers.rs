//! The worker processes of `cargo runpod dev`.

use serde_json::{Value, json};

use crate::client::eventually;
use crate::command::Dev;
use crate::crate_under_edit::Crate;

#[tokio::test]
async fn workers_share_the_queue_and_get_the_arguments_and_say_who_prints() {
    let edited = Crate::new("two");
    let dev = Dev::start(&edited, &["--workers", "2", "--", "--tiny", "model.bin"]);
    let client = dev.client().await;
    eventually("two workers wait", async || {
        client.get("/health").await["workers"]["idle"] == 2
    })
    .await;
    let job = client.run(json!({ "do": "args" })).await;
    assert_eq!(client.output(&job).await, json!(["--tiny", "model.bin"]));

    let gate = edited.path("gate");
    let mut both = Vec::new();
    for _ in 0..2 {
        both.push(client.run(json!({ "do": "wait", "file": gate })).await);
    }
    for job in &both {
        client.until_progress(job, "waits").await;
    }
    std::fs::write(&gate, "").expect("the file can be written");
    let mut workers = Vec::new();
    for job in &both {
        workers.push(client.output(job).await["worker"].clone());
    }
    workers.sort_by_key(Value::to_string);
    assert_eq!(workers, ["worker-1-1", "worker-2-1"]);
    let job = client.run(json!({ "do": "print" })).await;
    client.output(&job).await;
    let line = dev.says("printed by the handler").await;
    let (who, _) = line.split_once(" | ").expect("the line has a prefix");
    assert!(["worker-1", "worker-2"].contains(&who), "{line}");
    dev.end().await;
}

#[tokio::test]
async fn a_refresh_is_a_fresh_process_and_a_crash_is_followed_by_another() {
    let edited = Crate::new("lives");
    let dev = Dev::start(&edited, &[]);
    let client = dev.client().await;
    dev.says("worker-1-1 takes jobs").await;
    let job = client.run(json!({ "do": "refresh" })).await;
    let first = client.output(&job).await;
    dev.says("worker-1-1 has stopped; worker-1-2 replaces it as a fresh process")
        .await;
    let job = client.run(json!({ "do": "tell" })).await;
    let second = client.output(&job).await;
    assert_eq!(second["worker"], "worker-1-2");
    assert_ne!(first["process"], second["process"]);

    // The job is retried immediately, and not only when its worker would count as lost.
    let mark = edited.path("crashed");
    let job = client.run(json!({ "do": "crash", "file": mark })).await;
    dev.says("worker-1-2 stopped: signal 6; restarting in 1 s")
        .await;
    let ended = client.ended(&job).await;
    assert_eq!(ended["status"], "COMPLETED", "{ended}");
    assert_eq!(ended["output"]["worker"], "worker-1-3");
    assert_eq!(ended["retries"], 1);
    dev.end().await;
}

#[tokio::test]
async fn a_new_worker_that_cannot_start_leaves_the_old_program() {
    let edited = Crate::new("cannot-start");
    let dev = Dev::start(&edited, &[]);
    let client = dev.client().await;
    dev.says("worker-1-1 takes jobs").await;
    let broken = Crate::edition("second").replace("#[runpod::main]", "#[runpod::handler]")
        + "\n#[runpod::main]\nasync fn main() -> Result<(), String> { Err(\"no model here\".to_owned()) }\n";
    edited.replace("src/main.rs", &broken);
    dev.says(
        "worker-1-2 stopped before it took a job: exit code 1; trying again without worker-1-1",
    )
    .await;
    dev.says_again("no model here", 2).await;
    dev.says("worker-1-3 stopped before it took a job: exit code 1; worker-1-4 runs the previous program")
        .await;
    let job = client.run(json!({ "do": "tell" })).await;
    assert_eq!(client.output(&job).await["edition"], "first");
    dev.end().await;
}
