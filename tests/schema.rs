//! Tests which types have a schema, and what the schema is, with handlers like those that users write.

use std::fmt;
use std::pin::Pin;

use runpod::prelude::*;
use runpod::{Cancelled, testing};
use schemars::JsonSchema;

#[derive(Deserialize, Serialize, JsonSchema)]
struct Prompt {
    text: String,
    #[serde(default)]
    limit: u32,
}

/// A type without `JsonSchema`.
#[derive(Deserialize, Serialize)]
struct Plain {
    text: String,
}

/// Returns the part of the `--schema` output that describes the handler with this name.
#[track_caller]
fn described(name: &str) -> Value {
    let document = testing::schema();
    let handlers = document["handlers"]
        .as_array()
        .expect("`handlers` is a list");
    let mut same = handlers.iter().filter(|handler| handler["name"] == name);
    let handler = same.next().expect("the handler is registered").clone();
    assert!(same.next().is_none(), "two handlers are named {name}");
    handler
}

#[track_caller]
fn assert_is_prompt(schema: &Value) {
    assert_eq!(schema["title"], "Prompt", "{schema}");
    assert_eq!(schema["properties"]["text"]["type"], "string", "{schema}");
}

#[runpod::handler]
async fn both(input: Prompt) -> Prompt {
    input
}

#[test]
fn input_and_output_that_derive_a_schema_have_one() {
    let handler = described("both");
    assert_eq!(handler["kind"], "async");
    assert_is_prompt(&handler["input"]);
    assert_is_prompt(&handler["output"]);
    assert!(handler.get("item").is_none(), "{handler}");
}

#[test]
fn an_input_is_described_as_it_is_read_and_an_output_as_it_is_written() {
    let handler = described("both");
    assert_eq!(handler["input"]["required"], json!(["text"]));
    assert_eq!(handler["output"]["required"], json!(["text", "limit"]));
}

#[runpod::handler]
async fn neither(input: Plain) -> Plain {
    input
}

#[runpod::handler]
fn failing(input: Plain) -> Result<Plain, fmt::Error> {
    if input.text.is_empty() {
        return Err(fmt::Error);
    }
    Ok(input)
}

#[test]
fn types_that_derive_none_have_none() {
    assert_eq!(
        described("neither"),
        json!({ "name": "neither", "kind": "async", "input": null, "output": null })
    );
    assert_eq!(described("failing")["output"], Value::Null);
}

/// An alias that hides an error without `JsonSchema`.
type Outcome<T> = Result<T, fmt::Error>;
type Taken = Job<Prompt>;

#[runpod::handler]
fn aliased(ctx: JobContext, job: Taken, _: State<Prompt>) -> Outcome<Prompt> {
    if ctx.is_cancelled() {
        return Err(fmt::Error);
    }
    Ok(job.input)
}

#[test]
fn a_job_has_the_schema_of_its_input_and_a_result_that_of_its_value() {
    let handler = described("aliased");
    assert_eq!(handler["kind"], "blocking");
    assert_is_prompt(&handler["input"]);
    assert_is_prompt(&handler["output"]);
}

#[runpod::handler]
async fn plain_job(job: Job<Plain>) -> Result<Prompt, String> {
    Err(job.id)
}

#[test]
fn one_of_the_two_may_have_a_schema_alone() {
    let handler = described("plain_job");
    assert_eq!(handler["input"], Value::Null);
    assert_is_prompt(&handler["output"]);
}

#[runpod::handler(name = "no-input")]
async fn nothing(#[cfg(any())] gone: Plain, #[cfg(test)] _: JobContext) {}

#[test]
fn a_handler_without_input_takes_everything_and_one_without_output_gives_null() {
    let handler = described("no-input");
    assert_eq!(handler["input"], json!(true));
    assert_eq!(handler["output"]["type"], "null");
}

#[runpod::handler]
async fn shown(input: Option<u8>) -> impl Serialize {
    input
}

#[test]
fn what_is_known_as_a_trait_alone_has_no_schema() {
    assert_eq!(described("shown")["output"], Value::Null);
    assert_eq!(
        described("shown")["input"]["type"],
        json!(["integer", "null"])
    );
}

#[runpod::handler(stream)]
fn streamed(input: Prompt) -> impl Stream<Item = Result<Prompt, fmt::Error>> {
    try_stream! { yield input; }
}

#[runpod::handler(stream)]
async fn later(input: Prompt) -> Result<Pin<Box<dyn Stream<Item = Prompt> + Send>>, String> {
    Ok(Box::pin(stream! { yield input; }))
}

#[runpod::handler(stream)]
fn iterated(input: Vec<Prompt>) -> std::vec::IntoIter<Prompt> {
    input.into_iter()
}

#[runpod::handler(stream)]
async fn emitted(input: Prompt, out: Emitter<Prompt>) -> Result<(), Cancelled> {
    out.send(input).await
}

#[test]
fn a_stream_has_the_schema_of_an_item_however_it_is_written() {
    for name in ["streamed", "later", "iterated", "emitted"] {
        let handler = described(name);
        assert_eq!(handler["kind"], "stream", "{handler}");
        assert_is_prompt(&handler["item"]);
        assert!(handler.get("output").is_none(), "{handler}");
    }
    assert_eq!(described("iterated")["input"]["type"], "array");
}

#[runpod::handler(stream)]
fn plain_items(input: Plain) -> impl Iterator<Item = Plain> {
    std::iter::once(input)
}

#[runpod::handler(stream)]
fn plain_emitted(input: Plain, out: Emitter<Plain>) -> Result<(), Cancelled> {
    out.blocking_send(input)
}

#[test]
fn a_stream_of_items_without_schema_has_none_and_is_a_stream_all_the_same() {
    for name in ["plain_items", "plain_emitted"] {
        assert_eq!(
            described(name),
            json!({ "name": name, "kind": "stream", "input": null, "item": null })
        );
    }
}

#[derive(Deserialize, runpod::schemars::JsonSchema)]
#[schemars(crate = "runpod::schemars")]
struct ThroughUs {
    seed: u64,
}

#[runpod::handler]
async fn through_us(input: ThroughUs) -> u64 {
    input.seed
}

#[test]
fn the_derive_can_be_used_through_our_crate() {
    assert_eq!(described("through_us")["input"]["title"], "ThroughUs");
}

#[runpod::handler]
async fn nested() -> Result<Result<Prompt, std::fmt::Error>, std::num::ParseIntError> {
    Ok(Err(std::fmt::Error))
}

#[runpod::handler]
fn boxed_result() -> Box<Result<Prompt, String>> {
    Box::new(Err("no prompt".to_owned()))
}

#[runpod::handler]
fn optional_result(input: Prompt) -> Option<Result<u32, String>> {
    (input.limit > 0).then_some(Ok(input.limit))
}

#[runpod::handler(stream)]
async fn emitted_results(out: Emitter<Result<Prompt, String>>) {
    let _ = out.send(Err("no prompt".to_owned())).await;
}

#[test]
fn of_a_result_in_a_type_the_value_is_described_since_an_err_is_a_failed_job() {
    assert_is_prompt(&described("nested")["output"]);
    assert_is_prompt(&described("boxed_result")["output"]);
    assert_is_prompt(&described("emitted_results")["item"]);
    let optional = described("optional_result");
    assert_eq!(optional["output"]["type"], json!(["integer", "null"]));
}

#[derive(Deserialize, JsonSchema)]
struct Nothing;

#[runpod::handler]
async fn of_nothing(_input: Nothing) -> u32 {
    7
}

#[runpod::handler]
async fn of_a_job_with_nothing(job: Job<()>) -> String {
    job.id
}

#[test]
fn an_input_that_holds_nothing_is_described_as_an_object_or_null() {
    for handler in ["of_nothing", "of_a_job_with_nothing"] {
        let described = described(handler);
        assert_eq!(described["input"]["type"], json!(["object", "null"]));
    }
}

/// A type whose fields are not in alphabetical order.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema matters")]
struct Declared {
    zebra: u8,
    apple: u8,
    mango: u8,
}

#[runpod::handler]
async fn of_declared(_input: Declared) {}

#[test]
fn the_properties_of_a_schema_are_in_the_order_of_their_declaration() {
    let described = described("of_declared");
    let properties = described["input"]["properties"].as_object().unwrap();
    let names: Vec<_> = properties.keys().collect();
    assert_eq!(names, ["zebra", "apple", "mango"]);
    assert_eq!(
        described["input"]["required"],
        json!(["zebra", "apple", "mango"])
    );
}
