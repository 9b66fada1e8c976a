//! Tests the example with schemas and validation, which needs the features `schema` and `validate`.

use serde_json::{Value, json};

use crate::process::{Ended, example, on_test_input};
use crate::session::Session;

async fn schema_of(name: &str) -> (Value, Ended) {
    let output = example(name).arg("--schema").output().await;
    let output = output.expect("the example starts");
    let document = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (document, output.into())
}

#[tokio::test]
async fn schema_prints_what_the_handler_takes_and_gives() {
    let (document, ended) = schema_of("validated").await;
    ended.assert_code(0);
    assert_eq!(document["route"], Value::Null);
    let handler = &document["handlers"][0];
    assert_eq!(handler["name"], "draw");
    assert_eq!(handler["kind"], "async");
    assert_eq!(handler["input"]["required"], json!(["prompt", "size"]));
    let width = &handler["input"]["$defs"]["Size"]["properties"]["width"];
    assert_eq!(width["maximum"], 2048, "schemars reads garde's rules");
    assert_eq!(handler["output"]["title"], "Image");
    assert!(document["handlers"].get(1).is_none());
}

#[tokio::test]
async fn schema_is_printed_of_all_routes_and_says_what_is_not_known() {
    let (document, ended) = schema_of("routes").await;
    ended.assert_code(0);
    assert_eq!(document["route"], "task");
    let names: Vec<_> = document["handlers"]
        .as_array()
        .expect("`handlers` is a list")
        .iter()
        .map(|handler| &handler["name"])
        .collect();
    assert_eq!(names, ["count", "echo-thrice"]);
    assert_eq!(document["handlers"][0]["output"]["type"], "string");
    assert_eq!(document["handlers"][1]["item"]["type"], "string");
    assert_eq!(document["handlers"][0]["input"], Value::Null);
    ended.assert_shows(&["`count`", "no schema of its input", "JsonSchema"]);
}

#[tokio::test]
async fn schema_makes_no_state_and_knows_nothing_of_handlers_without_attributes() {
    let (document, ended) = schema_of("state").await;
    ended.assert_code(0);
    assert!(document["handlers"][0].is_object());
    assert!(!ended.text.contains("loading"), "`main` ran: {ended}");

    let (document, ended) = schema_of("builder").await;
    ended.assert_code(0);
    assert_eq!(document["handlers"][0]["input"], Value::Null);
    ended.assert_shows(&["the function has no `#[runpod::handler]` attribute"]);
}

fn input(prompt: &str, width: u32) -> Value {
    json!({ "prompt": prompt, "size": { "width": width, "height": 64 } })
}

#[tokio::test]
async fn a_test_job_that_is_not_valid_fails_with_every_place_that_is_not() {
    let valid = on_test_input("validated", &json!({ "input": input("a fox", 64) })).await;
    valid.assert_code(0);
    valid.assert_shows(&["4096", "a fox"]);

    let run = on_test_input("validated", &json!({ "input": input("", 9999) })).await;
    run.assert_code(1);
    run.assert_shows(&[
        "input.prompt: length is lower than 1; input.size.width: greater than 2048",
    ]);
}

#[tokio::test]
async fn a_client_gets_the_error_of_its_own_job() {
    let job = |id: &str, input| Value::from_iter([("id", Value::from(id)), ("input", input)]);
    let jobs = [job("a", input("", 1)), job("b", input("a fox", 64))];
    let mut session = Session::start("validated", jobs).await;

    let results = session.results(2).await;
    let error = results[0].1["error"]
        .as_str()
        .expect("the first job failed");
    assert!(error.contains("InputError"), "{error}");
    assert!(
        error.contains("input.prompt: ") && error.contains("; input.size.width: "),
        "{error}"
    );
    assert_eq!(
        results[1].1["output"],
        json!({ "pixels": 4096, "caption": "a fox" })
    );

    session.stop().await.assert_code(0);
}
