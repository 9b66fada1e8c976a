//! Tests `runpod::testing`, with everything that a program adds to its handlers: extractors and `around` functions.

mod around;
mod cancelling;
mod extractors;

use runpod::prelude::*;
use runpod::testing;

#[runpod::handler(stream)]
fn failing(text: String) -> impl Iterator<Item = Result<u32, String>> {
    std::iter::once(Err(text))
}

#[runpod::handler(stream, name = "renamed")]
fn failing_too(text: String) -> impl Iterator<Item = Result<u32, String>> {
    std::iter::once(Err(text))
}

/// A handler without an attribute.
fn bare(text: String) -> impl Iterator<Item = Result<u32, String>> {
    std::iter::once(Err(text))
}

/// Streams items of 1 MiB.
fn large(items: usize) -> impl Iterator<Item = String> {
    std::iter::repeat_n("x".repeat(1 << 20), items)
}

#[runpod::handler]
async fn stateful(_text: String, _state: State<u32>) {}

fn job() -> testing::Job {
    testing::Job::new(json!("no luck"))
}

#[tokio::test]
async fn the_error_of_a_handler_has_the_name_of_its_function() {
    let error = job().stream(failing).await.error.unwrap();
    assert!(
        error.contains("in handler `failing` (tests/testing/main.rs:"),
        "{error}"
    );
    let error = job().stream(failing_too).await.error.unwrap();
    assert!(
        error.contains("in handler `renamed` (tests/testing/main.rs:"),
        "{error}"
    );
    let error = job().stream(bare).await.error.unwrap();
    assert!(
        error.contains("in handler `bare`\n") || error.ends_with("in handler `bare`"),
        "{error}"
    );
    let error = job().stream(|text: String| bare(text)).await.error.unwrap();
    assert!(error.contains("in handler `handler`"), "{error}");
}

#[tokio::test]
#[should_panic(expected = "handler `stateful` (tests/testing/main.rs:")]
async fn a_handler_that_does_not_fit_its_job_is_named() {
    job().run(stateful).await;
}

/// On Runpod, each item is posted and the result is empty.
#[tokio::test]
async fn the_items_of_a_stream_may_be_larger_in_total_than_a_result() {
    let report = testing::Job::new(json!(21)).stream(large).await;
    assert_eq!(report.error, None);
    assert_eq!(report.stream.len(), 21);
    assert!(report.output.is_some());
}
