//! Tests a worker whose `main` installs a subscriber, or none.

use serde_json::json;

use crate::process::{Ended, PATIENCE, example};

/// The lines of `main`, in their order, and the line of the handler.
const IN_MAIN: [&str; 3] = [
    "loading the model",
    "the model is on the GPU",
    "the model is warm",
];

async fn run(subscriber: Option<&str>, input: f64) -> Ended {
    let mut command = example("own_subscriber");
    command
        .args(subscriber)
        .arg("--test_input")
        .arg(json!({ "id": "j-1", "input": input }).to_string());
    let run = tokio::time::timeout(PATIENCE, command.output()).await;
    run.expect("the worker exits")
        .expect("the example starts")
        .into()
}

#[tokio::test]
async fn the_worker_shows_all_lines_of_a_main_without_a_subscriber() {
    let ended = run(None, 4.0).await;
    ended.assert_code(0);
    for line in IN_MAIN {
        ended.assert_shows(&[&format!("INFO   | {line}\n")]);
    }
    ended.assert_shows(&["INFO   | j-1 | computing the root of 4\n"]);
    // Only `main` itself could install a logger of its own for this line.
    assert!(!ended.text.contains("a library reads the model"), "{ended}");
}

#[tokio::test]
async fn the_worker_shows_lines_of_log_in_main_if_main_starts_the_log() {
    let ended = run(Some("init"), 4.0).await;
    ended.assert_code(0);
    ended.assert_shows(&["INFO   | a library reads the model\n"]);
    for line in IN_MAIN {
        ended.assert_shows(&[&format!("INFO   | {line}\n")]);
    }
}

#[tokio::test]
async fn a_subscriber_that_main_installs_gets_every_line_from_then_on() {
    let ended = run(Some("fmt"), 4.0).await;
    ended.assert_code(0);
    for line in IN_MAIN {
        ended.assert_shows(&[&format!("INFO own_subscriber: {line}\n")]);
        assert!(!ended.text.contains(&format!("| {line}")), "{ended}");
    }
    ended.assert_shows(&[
        // The worker's own line from before `main`.
        "INFO   | Starting Serverless Worker",
        // The lines of the crate `log` arrive, and all lines of a job carry its id.
        "INFO own_subscriber: a library reads the model\n",
        "job{job_id=\"j-1\"}: own_subscriber: computing the root of 4\n",
        "job{job_id=\"j-1\"}: runpod_runtime::",
    ]);
}

#[tokio::test]
async fn the_workers_log_is_a_layer_next_to_the_programs_own() {
    let ended = run(Some("layers"), -1.0).await;
    ended.assert_code(1);
    ended.assert_shows(&[
        "ERROR  | j-1 | there is no root of -1\n",
        "tracker: there is no root of -1 (job Some(\"j-1\"))\n",
        "INFO   | j-1 | computing the root of -1\n",
        "INFO   | a library reads the model\n",
    ]);
}
