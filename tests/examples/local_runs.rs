//! Tests what a developer sees: `--test_input`, the exit code and the printed lines.

use serde_json::{Value, json};

use crate::process::{Ended, example, on_test_input};

async fn run(example: &str, input: Value) -> Ended {
    on_test_input(example, &json!({ "input": input })).await
}

#[tokio::test]
async fn hello_greets() {
    let run = run("hello", json!({ "name": "Ada" })).await;
    run.assert_code(0);
    run.assert_shows(&["Hello, Ada!", "local_test"]);
}

/// Closes the standard output of `--help`, like `worker --help | head -0`.
#[tokio::test]
async fn whoever_reads_no_further_gets_no_panic() {
    for arguments in [
        &["--help"][..],
        &["--test_input", r#"{"input": {"name": "Ada"}}"#],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe can be created");
        drop(reader);
        let mut hello = example("hello");
        hello.args(arguments).stdout(writer);
        let ended: Ended = hello.output().await.expect("the example starts").into();
        assert!(!ended.text.contains("panicked"), "{ended}");
        ended.assert_code(0);
    }
}

#[tokio::test]
async fn hello_says_where_its_input_is_wrong_and_fails() {
    let run = run("hello", json!({ "name": 7 })).await;
    run.assert_code(1);
    run.assert_shows(&["input.name", "expected a string"]);
}

#[tokio::test]
async fn stream_shows_every_item() {
    let run = run("stream", json!({ "text": "to be or not" })).await;
    run.assert_code(0);
    run.assert_shows(&["TO", "BE", "OR", "NOT"]);
}

/// A local run lists the items of a stream in its result. On Runpod, each item is posted and the result is empty.
#[tokio::test]
async fn only_the_items_of_a_stream_have_a_limit_and_not_their_list() {
    for (text, code, shown) in [
        (
            "one two three four five six seven",
            0,
            "completed successfully",
        ),
        (
            "antidisestablishment",
            1,
            "stream item 1 has 52 bytes, and at most 45 are posted",
        ),
    ] {
        let mut command = example("stream");
        command
            .env("RUNPOD_MAX_RESULT_BYTES", "45")
            .arg("--test_input")
            .arg(json!({ "input": { "text": text } }).to_string());
        let ended: Ended = command.output().await.expect("the example starts").into();
        ended.assert_code(code);
        ended.assert_shows(&[shown]);
        assert!(!ended.text.contains("ResultTooLarge"), "{ended}");
    }
}

#[tokio::test]
async fn stream_fails_with_the_item_that_is_an_error() {
    let run = run(
        "stream",
        json!({ "text": "an incomprehensibilities-free text" }),
    )
    .await;
    run.assert_code(1);
    run.assert_shows(&["AN", "word 1 is too long for this model"]);
}

#[tokio::test]
async fn state_is_there_for_the_job() {
    let run = run("state", json!({ "text": "what a fine day" })).await;
    run.assert_code(0);
    run.assert_shows(&["loading the model", "score"]);
}

#[tokio::test]
async fn refresh_leaves_the_output_alone() {
    let run = run("refresh", json!({ "text": "to be" })).await;
    run.assert_code(0);
    run.assert_shows(&["TO BE"]);
}

#[tokio::test]
async fn refresh_on_demand_leaves_the_output_alone() {
    for input in [
        json!({}),
        json!({ "refresh": "call" }),
        json!({ "refresh": "key" }),
    ] {
        let run = run("refresh_on_demand", input).await;
        run.assert_code(0);
        run.assert_shows(&["answer", "42"]);
    }
}

#[tokio::test]
async fn progress_ends_with_the_result() {
    let run = run("progress", json!({ "steps": 3 })).await;
    run.assert_code(0);
    run.assert_shows(&["a loss of 0.125 after 3 steps"]);
}

#[tokio::test]
async fn concurrent_meets_nobody_in_a_single_test_job() {
    let run = run("concurrent", json!({ "people": 1 })).await;
    run.assert_code(0);
    run.assert_shows(&["we are 1"]);
}

#[tokio::test]
async fn blocking_reads_a_file() {
    let run = run(
        "blocking",
        json!({ "path": concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml") }),
    )
    .await;
    run.assert_code(0);
    run.assert_shows(&[" words"]);
}

#[tokio::test]
async fn blocking_fails_with_the_system_s_words() {
    let run = run("blocking", json!({ "path": "/there/is/no/such/file" })).await;
    run.assert_code(1);
    run.assert_shows(&["No such file"]);
}

#[tokio::test]
async fn routes_lead_to_the_handler_that_the_input_names() {
    let counted = run(
        "routes",
        json!({ "task": "count", "text": "to be or not to be" }),
    )
    .await;
    counted.assert_code(0);
    counted.assert_shows(&["6 words"]);

    let echoed = run("routes", json!({ "task": "echo-thrice", "text": "hollo" })).await;
    echoed.assert_code(0);
    echoed.assert_shows(&["hollo"]);
}

#[tokio::test]
async fn a_route_that_leads_nowhere_names_those_that_do() {
    let run = run("routes", json!({ "task": "sing", "text": "la" })).await;
    run.assert_code(1);
    run.assert_shows(&["sing", "count", "echo-thrice"]);
}

#[tokio::test]
async fn builder_runs_each_kind_of_handler() {
    for (task, shown) in [
        ("greet", "Good day, Ada!"),
        ("exclaim", "Ada!"),
        ("spell", "d for Ada"),
    ] {
        let run = run("builder", json!({ "task": task, "name": "Ada" })).await;
        run.assert_code(0);
        run.assert_shows(&[shown]);
    }
}

#[tokio::test]
async fn builder_fails_as_a_worker_with_attributes_does() {
    let run = run("builder", json!({ "task": "greet" })).await;
    run.assert_code(1);
    run.assert_shows(&["name"]);
}

#[tokio::test]
async fn chat_answers_a_job_in_the_native_form() {
    let input = json!({ "messages": [{ "role": "user", "content": "to be or not" }] });
    let run = run("chat", input).await;
    run.assert_code(0);
    run.assert_shows(&["tokens", "to be or not", "usage"]);
}

#[tokio::test]
async fn embeddings_are_given_for_one_text_and_refused_for_a_number() {
    let one = run("embeddings", json!({ "input": "to be", "dimensions": 4 })).await;
    one.assert_code(0);
    one.assert_shows(&["word-hash-384", "embedding"]);

    let number = run("embeddings", json!({ "input": 7 })).await;
    number.assert_code(1);
    number.assert_shows(&["input.input", "expected a text, or a list of texts"]);
}

#[tokio::test]
async fn long_job_goes_on_where_its_run_was() {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    for (steps, resumed_from) in [(20, 0), (25, 20)] {
        let job = json!({ "input": { "run": "a", "steps": steps } });
        let mut command = example("long_job");
        command.env("CHECKPOINTS", folder.path());
        command.args(["--test_input", &job.to_string()]);
        let ended = Ended::from(command.output().await.expect("the example starts"));
        ended.assert_code(0);
        ended.assert_shows(&["resumed_from", &resumed_from.to_string()]);
    }
}

#[cfg(feature = "volume-cache")]
#[tokio::test]
async fn model_on_a_volume_is_downloaded_once() {
    let folder = tempfile::tempdir().expect("a temporary folder can be created");
    for (container, source) in [("a", "a download"), ("b", "the volume")] {
        let mut command = example("model_on_a_volume");
        command
            .env("MODELS", folder.path().join("models"))
            .env("VOLUME", folder.path())
            .env("HF_HUB_CACHE", folder.path().join("absent"))
            .env("RUNPOD_ENDPOINT_ID", "e1")
            .args(["--test_input", r#"{"input": {"text": "to be or perhaps"}}"#]);
        let ended = Ended::from(command.output().await.expect("the example starts"));
        ended.assert_code(0);
        ended.assert_shows(&[source, r#"long_words\":1"#]);
        // The next worker has an empty container.
        std::fs::remove_dir_all(folder.path().join("models"))
            .unwrap_or_else(|error| panic!("{container}: {error}"));
    }
}

#[cfg(not(feature = "schema"))]
#[tokio::test]
async fn the_schema_is_refused_with_the_feature_that_is_missing() {
    let output = example("hello").arg("--schema").output().await;
    let ended = Ended::from(output.expect("the example starts"));
    ended.assert_code(1);
    ended.assert_shows(&["--schema needs the feature `schema`", "Cargo.toml"]);
}

#[tokio::test]
async fn a_worker_without_a_job_says_every_way_to_give_it_one() {
    let place = tempfile::tempdir().expect("a temporary folder can be created");
    let mut command = example("hello");
    command.current_dir(place.path());
    let ended: Ended = command.output().await.expect("the example starts").into();
    ended.assert_code(1);
    ended.assert_shows(&[
        "test_input.json not found",
        "--test_input",
        "--rp_serve_api",
        "cargo runpod dev",
    ]);
}

#[tokio::test]
async fn the_key_of_the_local_endpoint_is_in_no_line() {
    let mut command = example("hello");
    command
        .arg("--test_input")
        .arg(r#"{"input": {"name": "local-secret-key"}}"#)
        .env("RUNPOD_LOCAL_API_KEY", "local-secret-key");
    let ended: Ended = command.output().await.expect("the example starts").into();
    ended.assert_code(0);
    ended.assert_shows(&["Hello, [redacted]!"]);
    assert!(!ended.text.contains("local-secret-key"), "{ended}");
}
